"""Evaluation on the scene world: every figure of the docs comes from `evaluate`."""

import dataclasses
import itertools
from typing import TYPE_CHECKING

from anyvl.errors import ConfigError, UnknownNameError
from anyvl.evaluation.run import run
from anyvl.evaluation.score import Score

if TYPE_CHECKING:
    from anyvl.pipeline import AnyVL

__all__ = ["SUITES", "Score", "evaluate", "run", "suites_of"]

SUITES = (
    "judge",
    "text_to_image",
    "geneval",
    "planned_image",
    "layout_to_image",
    "self_consistency",
    "image_editing",
    "segmentation",
    "sampled_outlines",
    "detection",
    "grounding",
    "keypoints",
    "captioning",
    "grounded_captioning",
    "description",
    "question_answering",
    "classification",
    "dense_prediction",
    "validity",
    "seeds",
)


_MORE_TASKS = {
    "geneval": ("text_to_image",),
    "planned_image": ("text_to_image",),
    "seeds": ("text_to_image",),
    "sampled_outlines": ("segmentation",),
    "self_consistency": ("text_to_image", "question_answering", "detection"),
}
"""The tasks of suites that are not named for one."""


def suites_of(model: "AnyVL") -> tuple[str, ...]:
    """The suites that a model can be put to: all but those of tasks it was not trained for."""
    from anyvl.tasks import TASKS

    strange = {task.name for task in TASKS} - set(model.parts.tasks) if model.parts.tasks else set()
    return tuple(suite for suite in SUITES if not strange & {suite, *_MORE_TASKS.get(suite, ())})


def evaluate(model: "AnyVL", suite: str, count: int = 200) -> list[Score]:
    """Scores of a model on scenes it was not trained on, with ceilings and floors; `count` items a figure.

    UnknownNameError for another suite; ConfigError for a count too small to make floors of.
    """
    from anyvl.data.scenes.world import World
    from anyvl.evaluation import answering, geneval, judge_report, laws, locating, mapping, painting, planning, telling
    from anyvl.evaluation.scene_judge import SceneJudge

    least = 2 * len(model.kit.grids)
    if count < least:
        raise ConfigError(f"a floor needs two pictures of every size: the count is at least {least}, but {count} came")
    factor = model.parts.tokenizer.model.config.factor
    test = World(grids=model.kit.grids, factor=factor, split="test")
    held_out = dataclasses.replace(test, split="held_out")
    match suite:
        case "judge":
            return judge_report.judge_scores(SceneJudge(), model.parts.tokenizer, test, count)
        case "text_to_image":
            judge, both = SceneJudge(), itertools.product((test, held_out), (1, 2))
            rows = [row for world, many in both for row in painting.text_to_image(model, world, judge, count, many)]
            return rows + painting.text_to_image(model, test, judge, count, 1, unseen_wording=True)
        case "geneval":
            return [row for world in (test, held_out) for row in geneval.geneval(model, world, SceneJudge(), count)]
        case "planned_image":
            return [
                row for world in (test, held_out) for row in planning.planned_image(model, world, SceneJudge(), count)
            ]
        case "layout_to_image":
            return planning.layout_to_image(model, test, SceneJudge(), count)
        case "self_consistency":
            return planning.self_consistency(model, test, SceneJudge(), count)
        case "image_editing":
            return painting.image_editing(model, test, SceneJudge(), max(1, count // 2))
        case "segmentation":
            return [row for world in (test, held_out) for row in locating.segmentation(model, world, count)]
        case "sampled_outlines":
            return locating.sampled_outlines(model, test, max(least, count // 2))
        case "detection":
            return locating.detection(model, test, count)
        case "grounding":
            return [row for world in (test, held_out) for row in locating.grounding(model, world, count)]
        case "keypoints":
            return locating.keypoints(model, test, count)
        case "captioning":
            return telling.captioning(model, test, count)
        case "grounded_captioning":
            return telling.grounded_captioning(model, test, count)
        case "description":
            return telling.description(model, test, count)
        case "question_answering":
            return answering.question_answering(model, test, count)
        case "classification":
            return answering.classification(model, test, count)
        case "dense_prediction":
            return mapping.dense_prediction(model, test, count)
        case "validity":
            return laws.validity(laws.small_kit(), 50 * count)
        case "seeds":
            return laws.seeds(model, 5 * count)
    raise UnknownNameError("suite", suite, SUITES)
