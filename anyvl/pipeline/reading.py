"""Answers about pictures: where things are, what is there, what is asked."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from anyvl.codecs import Boxes, Codec, Keypoints, Polygons
from anyvl.codecs.intake import Source
from anyvl.codecs.text import text_to_ids
from anyvl.errors import InputError, UnknownNameError
from anyvl.generation import Request
from anyvl.pipeline.engine import Engine, OnStep, listed, paired, probabilities
from anyvl.sampling import Sampling
from anyvl.tasks import find_task
from anyvl.tasks.dense_prediction import MAPS
from anyvl.tasks.segmentation import VARIED, agreed
from anyvl.tasks.translate import answer_grammar, answer_value
from anyvl.values import Answer

Sources = Source | list[Source]


class Reading(Engine):
    """The methods that answer about pictures. A list of pictures or of words gives a list of answers, computed as one batch."""

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
        rules = [(0, task.sampling), *((seed, VARIED) for seed in range(1, samples))]
        asked = [pair for pair in paired(image, phrase) for _ in rules]
        found = self._answer(
            "segmentation",
            [one for one, _ in asked],
            [words for _, words in asked],
            lambda words: dataclasses.replace(codec, label=words),
            callback_on_step_end,
            rules=rules * (len(asked) // samples),
        )
        answers = found if samples == 1 else [agreed(found[i : i + samples]) for i in range(0, len(found), samples)]
        return answers if isinstance(image, list) or isinstance(phrase, list) else answers[0]

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
        found = self._answer("detection", image, "", lambda words: Boxes(), callback_on_step_end)
        if labels is None:
            return found
        wanted = listed(labels, str)
        if not wanted:
            raise InputError("labels name at least one thing to find, or are left out to find all")
        for label in wanted:
            self.warn_of_unknown(label)
        many = found if isinstance(image, list) else [found]
        kept = [[thing for thing in things if thing.label in wanted] for things in many]
        return kept if isinstance(image, list) else kept[0]

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
        """The `Answer` to a question: in the model's own words, or the likeliest of the choices with the probability of each."""
        if choices is not None:
            asked = paired(image, question)
            answers = [self._chosen("question_answering", one, words, choices) for one, words in asked]
            return answers if isinstance(image, list) or isinstance(question, list) else answers[0]
        codec = find_task("question_answering").output
        found = self._answer(
            "question_answering", image, question, lambda words: codec, callback_on_step_end, with_probability=True
        )
        many = found if isinstance(image, list) or isinstance(question, list) else [found]
        answers = [Answer(words=words, probability=likely) for words, likely in many]
        return answers if isinstance(image, list) or isinstance(question, list) else answers[0]

    def classify(self, image: Sources, labels: str | Sequence[str] | None = None) -> Any:
        """The probability of each label for the main thing of a picture, likeliest first: {label: probability}, sum 1.

        Without labels, those of all things that the model knows.
        """
        known = self.parts.knows.get("things", []) if labels is None else listed(labels, str)
        images = image if isinstance(image, list) else [image]
        answers = [dict(self._chosen("classification", one, "", known).probabilities) for one in images]
        return answers if isinstance(image, list) else answers[0]

    def dense(self, image: Sources, name: str, *, callback_on_step_end: OnStep | None = None) -> Any:
        """A map over the pixels of a picture, an int array (height, width): "instances" (0 ground, 1 the largest thing, ...) or
        "depth" (0 ground, 1 the farthest thing, ...)."""
        if name not in MAPS:
            raise UnknownNameError("map", name, MAPS)
        task, kit = find_task("dense_prediction"), self.kit
        seen = [self.see(one) for one in (image if isinstance(image, list) else [image])]
        requests = []
        for one in seen:
            grammar = answer_grammar(
                task.output, dataclasses.replace(kit, grids=((one.codes.rows, one.codes.columns),))
            )
            ids = self.question(task, one.frame, grammar.shortest, words=name, picture=one.codes)
            requests.append(
                Request(prefix=tuple(ids), grammar=grammar, budget=grammar.shortest, sampling=task.sampling)
            )
        maps = [
            answer_value(task.output, kit, one.frame, result.ids)
            for one, result in zip(seen, self.write(requests, callback_on_step_end), strict=True)
        ]
        return maps if isinstance(image, list) else maps[0]

    def answer(
        self,
        task: str,
        image: Sources,
        words: str | list[str] = "",
        *,
        callback_on_step_end: OnStep | None = None,
    ) -> Any:
        """The plain answer to any task that sees a picture: what its codec reads. The methods above make it handier."""
        found = find_task(task)
        if not found.sees_picture:
            raise InputError(f"{task} sees no picture: it is painted with `generate`")
        return self._answer(task, image, words, lambda _: found.output, callback_on_step_end)

    def _chosen(self, name: str, image: Source, words: str, choices: Sequence[str]) -> Answer:
        """One of a closed set, scored as a trie behind the question in one pass."""
        options = list(dict.fromkeys(choices))
        if not options or not all(option.strip() for option in options):
            raise InputError(f"choices are one or more answers and none is empty, but {list(choices)} came")
        task, kit, seen = find_task(name), self.kit, self.see(image)
        opened, closed = kit.vocabulary.control("text"), kit.vocabulary.control("text_end")
        branches = [[*text_to_ids(option, kit), closed] for option in options]
        room = 1 + max(map(len, branches))
        ids = self.question(task, seen.frame, room, words=words, picture=seen.codes)
        logits = np.array(self.stepper.likelihoods([*ids, opened], branches)) / self.parts.temperatures.get(name, 1.0)
        shares = np.exp(logits - logits.max())
        order = np.argsort(-shares, kind="stable")
        likely = {options[place]: float(shares[place] / shares.sum()) for place in order.tolist()}
        best = next(iter(likely))
        return Answer(words=best, probability=likely[best], probabilities=likely)

    def _answer(
        self,
        name: str,
        image: Any,
        phrase: str | list[str],
        codec_of: Callable[[str], Codec],
        on_step: OnStep | None,
        with_probability: bool = False,
        rules: Sequence[tuple[int, Sampling]] | None = None,
    ) -> Any:
        """Ask one question of a picture, or one of each of several; with the probability of each answer if asked for.

        rules: the seed of each answer and how it is drawn; the task's own way if None.
        """
        task, kit = find_task(name), self.kit
        asked = paired(image, phrase)
        seen = [self.see(one) for one, _ in asked]
        budget = min(task.budget, self.stepper.longest // 2)
        requests = [
            Request(
                prefix=tuple(self.question(task, one.frame, budget, words=words, picture=one.codes)),
                grammar=answer_grammar(codec_of(words), kit),
                budget=budget,
                seed=seed,
                sampling=sampling,
            )
            for one, (_, words), (seed, sampling) in zip(
                seen, asked, rules or [(0, task.sampling)] * len(asked), strict=True
            )
        ]
        values = []
        for result, one, (_, words) in zip(self.write(requests, on_step), seen, asked, strict=True):
            likely = probabilities(result)
            value = answer_value(codec_of(words), kit, one.frame, result.ids, likely)
            values.append((value, float(np.prod(likely))) if with_probability else value)
        return values if isinstance(image, list) or isinstance(phrase, list) else values[0]
