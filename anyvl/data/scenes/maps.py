"""Dense truth of a scene: for every pixel which thing is seen there, and how near it is."""

import numpy as np
from jaxtyping import Int

from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.sprites import Sprites
from anyvl.data.scenes.truth import instance_of, visible_regions
from anyvl.values import Frame


def instance_map(scene: Scene, sprites: Sprites) -> Int[np.ndarray, "height width"]:
    """1 for pixels of the largest thing that is seen, 2 for the next, ...; 0 for the ground. Ties go to the one behind."""
    regions = visible_regions(scene, sprites)
    order = sorted(range(len(regions)), key=lambda number: -regions[number].area)
    return _map(scene, sprites, {number: rank for rank, number in enumerate(order, start=1)})


def depth_map(scene: Scene, sprites: Sprites) -> Int[np.ndarray, "height width"]:
    """How near what is seen is: 0 for the ground, 1 for the thing at the back, counting up to the one in front."""
    return _map(scene, sprites, {number: number + 1 for number in range(len(scene.things))})


def _map(scene: Scene, sprites: Sprites, value_of: dict[int, int]) -> np.ndarray:
    frame = Frame(height=scene.height, width=scene.width)
    values = np.zeros((frame.height, frame.width), dtype=np.int64)
    for number, region in enumerate(visible_regions(scene, sprites)):
        values[instance_of(region, "", frame).mask()] = value_of[number]
    return values
