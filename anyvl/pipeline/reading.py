"""Answers about pictures: where things are, what is there, what is asked."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from jaxtyping import Float

from anyvl.codecs import Boxes, Codec, Keypoints, Polygons
from anyvl.codecs.intake import Source
from anyvl.errors import InputError, UnknownNameError
from anyvl.generation import Request
from anyvl.grammar.automaton import Automaton
from anyvl.pipeline.engine import Engine, OnStep, as_list, paired, probabilities
from anyvl.sampling import Sampling
from anyvl.tasks import Task, find_task
from anyvl.tasks.dense_prediction import MAPS
from anyvl.tasks.detection import detection_codec
from anyvl.tasks.segmentation import VARIED, agreed
from anyvl.tasks.translate import answer_grammar, answer_value
from anyvl.values import Answer, Frame

Sources = Source | list[Source]


class Reading(Engine):
    """The methods that answer about pictures. A list of pictures or of words gives a list of answers.

    What is written id by id is written as one batch; closed answers take one pass each, behind one list a picture.
    """

    def segment(
        self,
        image: Sources,
        phrase: str | list[str],
        *,
        samples: int = 1,
        callback_on_step_end: OnStep | None = None,
    ) -> Any:
        """Polygons of everything a phrase refers to, largest first: a list of `Instance`, empty when there is nothing.

        samples: so many answers are drawn, the first greedily, and each thing gets the outline that half of them fill.
        """
        if samples < 1:
            raise InputError(f"at least one answer is drawn, but samples {samples} came")
        task = find_task("segmentation")
        codec = cast(Polygons, task.output)
        asked = self._asked(
            task, image, phrase, lambda words: dataclasses.replace(codec, label=words), callback_on_step_end
        )
        rules = [(0, task.sampling), *((seed, VARIED) for seed in range(1, samples))]
        found = self._written(asked, rules, callback_on_step_end)
        answers = [[value for value, _ in drawn] for drawn in found]
        things = [drawn[0] if samples == 1 else agreed(drawn) for drawn in answers]
        return things if isinstance(image, list) or isinstance(phrase, list) else things[0]

    def ground(self, image: Sources, phrase: str | list[str], *, callback_on_step_end: OnStep | None = None) -> Any:
        """Boxes of everything a phrase refers to, largest first: a list of `Instance`, empty when there is nothing."""
        return self._answer("grounding", image, phrase, lambda words: Boxes(phrase=words), callback_on_step_end)

    def keypoints(
        self,
        image: Sources,
        phrase: str | list[str],
        *,
        names: Sequence[str] | None = None,
        callback_on_step_end: OnStep | None = None,
    ) -> Any:
        """Named points of the thing a phrase refers to: a list of `Keypoint`, empty when it is not there."""
        codec = find_task("keypoints").output if names is None else Keypoints(names=tuple(names))
        return self._answer("keypoints", image, phrase, lambda words: codec, callback_on_step_end)

    def detect(
        self,
        image: Sources,
        labels: str | Sequence[str] | None = None,
        *,
        callback_on_step_end: OnStep | None = None,
    ) -> Any:
        """Boxes and names of everything in a picture, largest first; of these only the ones with given labels, if any."""
        codec = detection_codec(self.parts.noise_objects)
        found = self._answer("detection", image, "", lambda words: codec, callback_on_step_end)
        if labels is None:
            return found
        wanted = as_list(labels, str)
        if not wanted:
            raise InputError("labels name at least one thing to find, or are left out to find all")
        self.warn_of_unnamed(wanted)
        many = found if isinstance(image, list) else [found]
        kept = [[thing for thing in things if thing.label in wanted] for things in many]
        return kept if isinstance(image, list) else kept[0]

    def look(self, image: Sources, *, callback_on_step_end: OnStep | None = None) -> Any:
        """Everything in a picture, largest first: a list of `Instance` with boxes, each named with its colour, "red fox".

        It is what the model looks at before it answers most questions.
        """
        pictures = [self.see(one) for one in (image if isinstance(image, list) else [image])]
        found = self.lists(pictures, callback_on_step_end)
        return found if isinstance(image, list) else found[0]

    def caption(self, image: Sources, *, grounded: bool = False, callback_on_step_end: OnStep | None = None) -> Any:
        """What a picture shows: a string; grounded, a `GroundedText` with the box of each thing that is named."""
        name = "grounded_captioning" if grounded else "captioning"
        return self._answer(name, image, "", lambda words: find_task(name).output, callback_on_step_end)

    def describe(self, image: Sources, *, callback_on_step_end: OnStep | None = None) -> Any:
        """A paragraph about a picture."""
        return self._answer(
            "description", image, "", lambda words: find_task("description").output, callback_on_step_end
        )

    def ask(
        self,
        image: Sources,
        question: str | list[str],
        *,
        choices: Sequence[str] | None = None,
        callback_on_step_end: OnStep | None = None,
    ) -> Any:
        """The `Answer` to a question: in the model's own words, or the likeliest of the choices with the probability of each.

        Choices are scored in one pass a question; the steps called back after are those of looking.
        """
        task = find_task("question_answering")
        if choices is not None:
            for choice in choices:
                self.warn_of_unknown(choice)
            answers = self._chosen(task, paired(image, question), choices, callback_on_step_end)
            return answers if isinstance(image, list) or isinstance(question, list) else answers[0]
        written = self._written(
            self._asked(task, image, question, lambda words: task.output, callback_on_step_end),
            [(0, task.sampling)],
            callback_on_step_end,
        )
        answers = [Answer(words=words, probability=likely) for ((words, likely),) in written]
        return answers if isinstance(image, list) or isinstance(question, list) else answers[0]

    def classify(self, image: Sources, labels: str | Sequence[str] | None = None) -> Any:
        """The probability of each label for the main thing of a picture, likeliest first: {label: probability}, sum 1.

        Without labels, those of all things that the model knows. It is one pass a picture, without steps to call back after.
        """
        known = self.parts.knows.get("things", []) if labels is None else as_list(labels, str)
        self.warn_of_unnamed(known)
        images = image if isinstance(image, list) else [image]
        chosen = self._chosen(find_task("classification"), [(one, "") for one in images], known, None)
        answers = [dict(answer.probabilities) for answer in chosen]
        return answers if isinstance(image, list) else answers[0]

    def dense(self, image: Sources, name: str, *, callback_on_step_end: OnStep | None = None) -> Any:
        """A map over the pixels of a picture, an int array (height, width): "instances" (0 ground, 1 the largest thing, ...) or
        "depth" (0 ground, 1 the farthest thing, ...)."""
        if name not in MAPS:
            raise UnknownNameError("map", name, MAPS)
        codec = find_task("dense_prediction").output
        return self._answer("dense_prediction", image, name, lambda words: codec, callback_on_step_end)

    def _chosen(
        self, task: Task, asked: Sequence[tuple[Source, str]], choices: Sequence[str], on_step: OnStep | None
    ) -> list[Answer]:
        """For each question about a picture one of a closed set, scored as a trie behind the question in one pass."""
        options = list(dict.fromkeys(choices))
        if not options or not all(option.strip() for option in options):
            raise InputError(f"choices are one or more answers and none is empty, but {list(choices)} came")
        pictures = [self.see(one) for one, _ in asked]
        listed = self.looked(task, pictures, [words for _, words in asked], on_step)
        return [
            _likeliest(
                options,
                np.array(self.likelihoods(task, seen.frame, seen.codes, words, options, things))
                / self.parts.temperatures.get(task.name, 1.0),
            )
            for seen, things, (_, words) in zip(pictures, listed, asked, strict=True)
        ]

    def _answer(
        self, name: str, image: Any, phrase: str | list[str], codec_of: Callable[[str], Codec], on_step: OnStep | None
    ) -> Any:
        """Ask one question of a picture, or one of each of several, the task's own way."""
        task = find_task(name)
        asked = self._asked(task, image, phrase, codec_of, on_step)
        written = self._written(asked, [(0, task.sampling)], on_step)
        values = [value for ((value, _),) in written]
        return values if isinstance(image, list) or isinstance(phrase, list) else values[0]

    def _asked(
        self,
        task: Task,
        image: Any,
        phrase: str | list[str],
        codec_of: Callable[[str], Codec],
        on_step: OnStep | None,
    ) -> list["_Asked"]:
        """Pictures with their questions in ids; codec_of: the codec of the answer to a phrase."""
        pairs = paired(image, phrase)
        pictures = [self.see(one) for one, _ in pairs]
        listed = self.looked(task, pictures, [words for _, words in pairs], on_step)
        asked = []
        for seen, things, (_, words) in zip(pictures, listed, pairs, strict=True):
            codec, kit = codec_of(words), self.kit_of(seen.codes)
            grammar = answer_grammar(codec, kit)
            budget = self.budget(task, grammar)
            ids = self.question(task, seen.frame, budget, words=words, picture=seen.codes, listed=things)
            asked.append(_Asked(prefix=tuple(ids), frame=seen.frame, codec=codec, grammar=grammar, budget=budget))
        return asked

    def _written(
        self, asked: Sequence["_Asked"], rules: Sequence[tuple[int, Sampling]], on_step: OnStep | None
    ) -> list[list[tuple[Any, float]]]:
        """Of each question one answer a rule, (seed, how it is drawn): its value and its probability. All are one batch."""
        requests = [
            Request(prefix=one.prefix, grammar=one.grammar, budget=one.budget, seed=seed, sampling=sampling)
            for one in asked
            for seed, sampling in rules
        ]
        results = iter(self.write(requests, on_step))
        answers = []
        for one in asked:
            drawn = []
            for _ in rules:
                result = next(results)
                likely = probabilities(result)
                drawn.append((answer_value(one.codec, self.kit, one.frame, result.ids, likely), float(np.prod(likely))))
            answers.append(drawn)
        return answers


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class _Asked:
    """A question ready to be answered: its ids, and how the answer is written, bounded and read."""

    prefix: tuple[int, ...]
    frame: Frame
    codec: Codec
    grammar: Automaton
    budget: int


def _likeliest(options: Sequence[str], logits: Float[np.ndarray, "option"]) -> Answer:
    """The likeliest of some options, with the probability of each, likeliest first."""
    shares = np.exp(logits - logits.max())
    order = np.argsort(-shares, kind="stable")
    chances = {options[place]: float(shares[place] / shares.sum()) for place in order.tolist()}
    best = next(iter(chances))
    return Answer(words=best, probability=chances[best], probabilities=chances)
