"""Makes the probabilities of closed answers mean what they say: `python -m anyvl.evaluation.calibrate FOLDER`.

One temperature a task (Guo et al. 2017) is fitted on validation scenes and written into the folder's index.
"""

import dataclasses
import sys
from pathlib import Path

import numpy as np

from anyvl.checkpoint import DEFAULT_FOLDER, INDEX_FILE
from anyvl.data.scenes.questions import QUESTION_KINDS
from anyvl.data.scenes.truth import main_thing
from anyvl.data.scenes.world import World
from anyvl.evaluation.answering import questions_of
from anyvl.evaluation.exam import Exam
from anyvl.metrics import fitted_temperature
from anyvl.model.checkpoint import load_json, save_json
from anyvl.pipeline import AnyVL


def fitted(model: AnyVL, world: World, count: int) -> dict[str, float]:
    """The temperature of each task with closed answers, by `count` items of each kind; what the model has now is left aside."""
    plain = AnyVL(dataclasses.replace(model.parts, temperatures={}))
    asked: dict[str, list[tuple[dict[str, float], str]]] = {"question_answering": [], "classification": []}
    for kind in QUESTION_KINDS:
        exam, questions = questions_of(world, kind, count)
        for picture, question in zip(exam.pictures, questions, strict=True):
            shares = plain.ask(picture, question.words, choices=question.options).probabilities
            asked["question_answering"].append((dict(shares), question.answer))
    exam = Exam.of(world, count)
    things = world.repertoire.things
    for scene, shares in zip(exam.scenes, exam.ask(lambda many: plain.classify(many, things)), strict=True):
        asked["classification"].append((shares, main_thing(scene, world.sprites).name))
    return {
        task: fitted_temperature(
            [np.log(np.maximum(list(shares.values()), 1e-30)).tolist() for shares, _ in items],
            [list(shares).index(answer) for shares, answer in items],
        )
        for task, items in asked.items()
    }


def main(folder: Path, count: int = 200) -> None:
    """Fit and write: the index of the checkpoint folder holds the temperatures afterwards."""
    model = AnyVL.from_pretrained(folder)
    temperatures = fitted(model, World.of(model.parts, "validation"), count)
    save_json({**load_json(folder / INDEX_FILE), "temperatures": temperatures}, folder / INDEX_FILE)
    print("\n".join(f"{task}  temperature {value:.3f}" for task, value in temperatures.items()))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FOLDER)
