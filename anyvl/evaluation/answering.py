"""How well the model answers: questions beside what can be answered blindly, labels, and whether its probabilities are right."""

from collections import Counter

import numpy as np

from anyvl.data.scenes.questions import QUESTION_KINDS, Question, sample_question
from anyvl.data.scenes.truth import main_thing
from anyvl.data.scenes.world import World
from anyvl.evaluation.exam import Exam
from anyvl.evaluation.score import Score, of_another, score
from anyvl.metrics import calibration_error
from anyvl.pipeline import AnyVL
from anyvl.values import Answer


def question_answering(model: AnyVL, world: World, count: int) -> list[Score]:
    """Exact answers by kind of question, in open words; and the calibration of closed ones.

    The floor of a kind is the better of two blind ways: the commonest answer to questions with the same choices, and the answer
    for another picture of the same size.
    """
    scores, said, right = [], [], []
    for kind in QUESTION_KINDS:
        exam, questions = questions_of(world, kind, count)
        words, answers = [q.words for q in questions], [q.answer for q in questions]
        found = [str(answer) for answer in exam.ask(model.ask, words)]
        turned = [str(answer) for answer in Exam.ask(_turned(exam), model.ask, words)]
        blind = max((_right(_commonest(questions), answers), _right(turned, answers)), key=np.mean)
        scores.append(
            score(
                f"question answering, {world.title}: {kind}",
                _right(found, answers),
                ceiling=[1.0],
                floor=blind,
                exhibits=exam.exhibits([f"{q} {a} ({t})" for q, a, t in zip(words, found, answers, strict=True)]),
            )
        )
        for picture, question in zip(exam.pictures, questions, strict=True):
            answer: Answer = model.ask(picture, question.words, choices=question.options)
            said.append(answer.probability)
            right.append(answer.words == question.answer)
    return [
        *scores,
        score(f"question answering, {world.title}: closed, right", [float(one) for one in right]),
        _calibration(f"question answering, {world.title}: calibration error of closed answers", said, right),
    ]


def classification(model: AnyVL, world: World, count: int) -> list[Score]:
    """The likeliest of all names of things for the thing of which most is seen; and calibration."""
    exam = Exam.of(world, count)
    truths = [main_thing(scene, world.sprites).name for scene in exam.scenes]
    found = exam.ask(lambda pictures: model.classify(pictures, labels=world.repertoire.things))
    best = [next(iter(labels)) for labels in found]
    right = [a == b for a, b in zip(best, truths, strict=True)]
    name = f"classification, {world.title}"
    return [
        score(
            f"{name}: accuracy",
            [float(one) for one in right],
            ceiling=[1.0],
            floor=_right(of_another(best, exam.frames), truths),
            exhibits=exam.exhibits([f"{a} ({t})" for a, t in zip(best, truths, strict=True)]),
        ),
        _calibration(f"{name}: calibration error", [labels[b] for labels, b in zip(found, best, strict=True)], right),
    ]


def questions_of(world: World, kind: str, count: int) -> tuple[Exam, list[Question]]:
    """The first `count` scenes that allow a question of a kind, each with its question."""
    indices: list[int] = []
    questions: list[Question] = []
    index = 0
    while len(questions) < count:
        question = sample_question(world.scene(index), world.rng(index, f"ask {kind}"), kind)
        if question is not None:
            indices.append(index)
            questions.append(question)
        index += 1
    return Exam.of(world, count, indices), questions


def _turned(exam: Exam) -> Exam:
    """Every picture in the place of another one of its size."""
    pictures = tuple(of_another(exam.pictures, exam.frames))
    return Exam(world=exam.world, scenes=exam.scenes, pictures=pictures, frames=exam.frames)


def _commonest(questions: list[Question]) -> list[str]:
    """For each question the commonest answer to the others with the same choices; the first choice where there are none."""
    counts: dict[tuple[str, ...], Counter[str]] = {}
    for question in questions:
        counts.setdefault(question.options, Counter())[question.answer] += 1
    commonest = []
    for question in questions:
        others = counts[question.options] - Counter([question.answer])
        commonest.append(others.most_common(1)[0][0] if others else question.options[0])
    return commonest


def _right(found: list[str], true: list[str]) -> list[float]:
    return [float(a == b) for a, b in zip(found, true, strict=True)]


def _calibration(name: str, said: list[float], right: list[bool]) -> Score:
    nan = float("nan")
    error = calibration_error(said, right, bins=min(15, len(right)))
    return Score(name=name, value=error, low=nan, high=nan, count=len(right), note="15 bins of equal mass")
