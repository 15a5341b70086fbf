"""Evaluation on the scene world: every figure of the docs comes from `evaluate`."""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from anyvl.errors import UnknownNameError
from anyvl.evaluation.run import run
from anyvl.evaluation.score import Score

if TYPE_CHECKING:
    from anyvl.pipeline import AnyVL

__all__ = ["SUITES", "Score", "evaluate", "run"]

SUITES = ("judge", "text_to_image", "image_editing", "segmentation", "detection", "captioning", "validity", "seeds")


def evaluate(
    model: "AnyVL", suites: tuple[str, ...] = SUITES, count: int = 200, say: Callable[[str], None] = lambda line: None
) -> list[Score]:
    """Scores of a model on scenes it was not trained on, with ceilings and floors; `count` items a figure."""
    from anyvl.data.scenes.world import World
    from anyvl.evaluation import laws, painting, reading
    from anyvl.evaluation.scene_judge import SceneJudge

    for name in suites:
        if name not in SUITES:
            raise UnknownNameError("suite", name, SUITES)
    factor = model.parts.tokenizer.model.config.factor
    test = World(grids=model.kit.grids, factor=factor, split="test")
    held_out = dataclasses.replace(test, split="held_out")
    judge = SceneJudge()
    scores: list[Score] = []
    for name in suites:
        say(name)
        match name:
            case "judge":
                from anyvl.evaluation.judge_report import judge_scores

                scores += judge_scores(judge, model.parts.tokenizer, test, count)
            case "text_to_image":
                for world in (test, held_out):
                    for how_many in (1, 2):
                        scores += painting.text_to_image(model, world, judge, count, how_many)
            case "image_editing":
                scores += painting.image_editing(model, test, judge, max(1, count // 2))
            case "segmentation":
                for world in (test, held_out):
                    scores += reading.segmentation(model, world, count)
            case "detection":
                scores += reading.detection(model, test, count)
            case "captioning":
                scores += reading.captioning(model, test, count)
            case "validity":
                scores += laws.validity(laws.small_kit(), 10_000 if count >= 100 else count)
            case "seeds":
                scores += laws.seeds(model, 1000 if count >= 100 else count)
    return scores
