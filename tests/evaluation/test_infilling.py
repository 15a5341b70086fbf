"""What a model that knows the truth scores, and one that paints nothing into the hole."""

import types

import numpy as np
import pytest
from PIL import Image

from anyvl.data.scenes.world import World
from anyvl.evaluation.infilling import infilling
from anyvl.evaluation.scene_judge import SceneJudge
from anyvl.pipeline import AnyVL

WORLD = World(grids=((10, 10),), factor=8, split="test")


class Oracle(AnyVL):
    """Gives the pictures back as they were, with the hole in the colour of the corner, or with a pixel changed elsewhere."""

    def __init__(self, how: str) -> None:
        super().__init__(AnyVL.from_pretrained().parts)
        self.how = how

    def infill(  # type: ignore[override]
        self, pictures: list[np.ndarray], masks: list[np.ndarray], prompts: list[str] | None, seed: int
    ) -> types.SimpleNamespace:
        painted = [
            np.where(m[..., None] & (self.how == "empty"), p[0, 0], p) for p, m in zip(pictures, masks, strict=True)
        ]
        for picture, mask in zip(painted, masks, strict=True):
            y, x = np.argwhere(~mask)[0]
            picture[y, x] ^= np.uint8(self.how == "careless")
        return types.SimpleNamespace(images=[Image.fromarray(picture) for picture in painted])


@pytest.mark.parametrize("how, found, same", [("true", 1.0, 1.0), ("empty", 0.0, 1.0), ("careless", 1.0, 0.0)])
def test_the_hidden_thing_must_be_there_and_the_rest_as_it_was(how: str, found: float, same: float) -> None:
    told, alone, kept = infilling(Oracle(how), WORLD, SceneJudge(), 4)
    assert told.value == found and told.ceiling == 1.0 and kept.value == same
    least = 0.5 if how == "empty" else 1.0  # an empty hole may cut a thing that was partly behind the hidden one
    assert alone.ceiling == 1.0 and least <= alone.value <= 1.0 and alone.floor is not None and alone.floor < 1.0
