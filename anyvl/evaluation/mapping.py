"""How true dense maps are: by thing the overlap with where it is seen, beside what the image tokenizer holds of a map."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Int
from PIL import Image

from anyvl.codecs.dense import painted_map
from anyvl.data.scenes.maps import depth_map, instance_map
from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.sprites import Sprites
from anyvl.data.scenes.world import World
from anyvl.evaluation.exam import Exam
from anyvl.evaluation.score import Exhibit, Score, of_another, score
from anyvl.pipeline import AnyVL
from anyvl.tasks import find_task

_TRUTHS: dict[str, Callable[[Scene, Sprites], Int[np.ndarray, "height width"]]] = {
    "instances": instance_map,
    "depth": depth_map,
}


def dense_prediction(model: AnyVL, world: World, count: int) -> list[Score]:
    """For each map the mean over pictures of the mean IoU over the true map's numbers, ground included."""
    exam, codec, scores = Exam.of(world, count), find_task("dense_prediction").output, []
    for name, truth in _TRUTHS.items():
        true = [truth(scene, world.sprites) for scene in exam.scenes]
        found = exam.ask(lambda pictures, name=name: model.dense(pictures, name))
        written = [
            codec.decode(codec.encode(one, model.kit, frame), model.kit, frame)
            for one, frame in zip(true, exam.frames, strict=True)
        ]
        scores.append(
            score(
                f"dense map, {world.title}: {name}, mIoU",
                _overlaps(found, true),
                ceiling=_overlaps(written, true),
                floor=_overlaps(of_another(found, exam.frames), true),
                exhibits=[
                    Exhibit(Image.fromarray(np.hstack([picture, painted_map(numbers)])), name)
                    for picture, numbers in zip(exam.pictures, found, strict=True)
                ],
            )
        )
    return scores


def map_iou(found: Int[np.ndarray, "height width"], true: Int[np.ndarray, "height width"]) -> float:
    """The mean IoU over the numbers of the true map.

    >>> map_iou(np.array([[0, 1, 1, 1]]), np.array([[0, 0, 1, 1]]))
    0.5833333333333333
    """
    numbers = np.unique(true)
    return float(np.mean([((found == n) & (true == n)).sum() / ((found == n) | (true == n)).sum() for n in numbers]))


def _overlaps(found: list[np.ndarray], true: list[np.ndarray]) -> list[float]:
    return [map_iou(a, b) for a, b in zip(found, true, strict=True)]
