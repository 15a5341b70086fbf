"""The suites of `anyvl evaluate`: what each measures, and which tasks a model must know for it."""

import functools
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from anyvl.data.scenes.world import World
from anyvl.errors import ConfigError, UnknownNameError
from anyvl.evaluation import (
    answering,
    distance,
    geneval,
    infilling,
    judge_report,
    laws,
    locating,
    mapping,
    painting,
    planning,
    refining,
    telling,
)
from anyvl.evaluation.scene_judge import SceneJudge
from anyvl.evaluation.score import Score
from anyvl.pipeline import AnyVL


@dataclass(frozen=True, eq=False)
class Bench:
    """A model, and how many items a figure is measured on."""

    model: AnyVL
    count: int

    def __post_init__(self) -> None:
        if self.count < self.least:
            raise ConfigError(
                f"a floor needs two pictures of every size: the count is at least {self.least}, but {self.count} came"
            )

    @property
    def least(self) -> int:
        return 2 * len(self.model.kit.grids)

    @property
    def half(self) -> int:
        """For suites of many figures."""
        return max(self.least, self.count // 2)

    @property
    def test(self) -> World:
        """Scenes that no training shows."""
        return World.of(self.model.parts, "test")

    @property
    def worlds(self) -> tuple[World, World]:
        """And scenes of pairs of thing and colour that no training shows."""
        return self.test, replace(self.test, split="held_out")

    @functools.cached_property
    def judge(self) -> SceneJudge:
        return SceneJudge(self.test.repertoire)


@dataclass(frozen=True)
class Suite:
    """tasks: those that a model must have been trained for. refines: it must have a refiner of its own."""

    tasks: tuple[str, ...]
    measure: Callable[[Bench], Iterable[Score]]
    refines: bool = False


def _text_to_image(on: Bench) -> Iterable[Score]:
    for world, how_many in itertools.product(on.worlds, (1, 2)):
        yield from painting.text_to_image(on.model, world, on.judge, on.count, how_many)
    yield from painting.text_to_image(on.model, on.test, on.judge, on.count, 1, unseen_wording=True)


def _judged(measure: Callable[[AnyVL, World, SceneJudge, int], list[Score]]) -> Callable[[Bench], Iterable[Score]]:
    """Of pictures, on test scenes."""
    return lambda on: measure(on.model, on.test, on.judge, on.count)


def _on_both(measure: Callable[[AnyVL, World, int], list[Score]]) -> Callable[[Bench], Iterable[Score]]:
    """On test scenes and on held-out pairs."""
    return lambda on: itertools.chain.from_iterable(measure(on.model, world, on.count) for world in on.worlds)


def _judged_on_both(
    measure: Callable[[AnyVL, World, SceneJudge, int], list[Score]],
) -> Callable[[Bench], Iterable[Score]]:
    return lambda on: itertools.chain.from_iterable(measure(on.model, world, on.judge, on.count) for world in on.worlds)


def _on_test(measure: Callable[[AnyVL, World, int], list[Score]]) -> Callable[[Bench], Iterable[Score]]:
    return lambda on: measure(on.model, on.test, on.count)


def _unseen_style(on: Bench) -> Iterable[Score]:
    world = replace(on.test, style=on.test.repertoire.unseen_style)
    return [*locating.segmentation(on.model, world, on.count), *answering.classification(on.model, world, on.count)]


SUITES: dict[str, Suite] = {
    "judge": Suite((), lambda on: judge_report.judge_scores(on.judge, on.model.parts.tokenizer, on.test, on.count)),
    "text_to_image": Suite(("text_to_image",), _text_to_image),
    "guidance": Suite(("text_to_image",), lambda on: painting.guidance(on.model, on.test, on.judge, on.count)),
    "geneval": Suite(("text_to_image",), _judged_on_both(geneval.geneval)),
    "candidates": Suite(
        ("text_to_image", "captioning"), lambda on: geneval.candidates(on.model, on.test, on.judge, on.half)
    ),
    "picture_distance": Suite(
        ("text_to_image",), lambda on: distance.picture_distance(on.model, on.test, 2 * on.count)
    ),
    "planned_image": Suite(("planned_image", "text_to_image"), _judged_on_both(planning.planned_image)),
    "layout_to_image": Suite(("layout_to_image",), _judged(planning.layout_to_image)),
    "self_consistency": Suite(("text_to_image", "question_answering", "detection"), _judged(planning.self_consistency)),
    "image_editing": Suite(("image_editing",), lambda on: painting.image_editing(on.model, on.test, on.judge, on.half)),
    "infilling": Suite(("infilling",), _judged(infilling.infilling)),
    "segmentation": Suite(("segmentation",), _on_both(locating.segmentation)),
    "unseen_style": Suite(("segmentation", "classification"), _unseen_style),
    "sampled_outlines": Suite(("segmentation",), lambda on: locating.sampled_outlines(on.model, on.test, on.half)),
    "listing": Suite(("listing",), _on_both(locating.listing)),
    "detection": Suite(("detection",), _on_test(locating.detection)),
    "grounding": Suite(("grounding",), _on_both(locating.grounding)),
    "keypoints": Suite(("keypoints",), _on_test(locating.keypoints)),
    "captioning": Suite(("captioning",), _on_test(telling.captioning)),
    "grounded_captioning": Suite(("grounded_captioning",), _on_test(telling.grounded_captioning)),
    "description": Suite(("description",), _on_test(telling.description)),
    "question_answering": Suite(("question_answering",), _on_test(answering.question_answering)),
    "classification": Suite(("classification",), _on_test(answering.classification)),
    "dense_prediction": Suite(("dense_prediction",), _on_test(mapping.dense_prediction)),
    "refining": Suite(("text_to_image",), _judged(refining.refining), refines=True),
    "refining_steps": Suite((), lambda on: refining.refining_steps(on.model, on.test, on.half), refines=True),
    "validity": Suite((), lambda on: laws.validity(laws.small_kit(), 50 * on.count)),
    "seeds": Suite(("text_to_image",), lambda on: laws.seeds(on.model, 5 * on.count)),
}
"""Every suite by its name, in the order in which a model is put to them."""


def suites_of(model: AnyVL) -> tuple[str, ...]:
    """The suites that a model can be put to: all but those of tasks it was not trained for, and of a refiner it has not."""
    known, refines = set(model.parts.tasks), model.parts.refiner is not None
    return tuple(
        name
        for name, suite in SUITES.items()
        if (not known or known.issuperset(suite.tasks)) and (refines or not suite.refines)
    )


def evaluate(model: AnyVL, suite: str, count: int = 200) -> list[Score]:
    """Scores of a model on scenes it was not trained on, with ceilings and floors; `count` items a figure.

    UnknownNameError for another suite; ConfigError for a count too small to make floors of.
    """
    if suite not in SUITES:
        raise UnknownNameError("suite", suite, SUITES)
    return list(SUITES[suite].measure(Bench(model, count)))
