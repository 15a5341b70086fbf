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
    """Gives the pictures back as they were, or with the hole in the colour of the corner."""

    def __init__(self, empties: bool) -> None:
        super().__init__(AnyVL.from_pretrained().parts)
        self.empties, self.asked = empties, 0

    def infill(  # type: ignore[override]
        self, pictures: list[np.ndarray], masks: list[np.ndarray], prompts: list[str] | None, seed: int
    ) -> types.SimpleNamespace:
        self.asked += len(pictures)
        painted = [np.where(m[..., None] & self.empties, p[0, 0], p) for p, m in zip(pictures, masks, strict=True)]
        return types.SimpleNamespace(images=[Image.fromarray(picture.astype(np.uint8)) for picture in painted])


@pytest.mark.parametrize("empties", [False, True])
def test_the_hidden_thing_must_be_there(empties: bool) -> None:
    oracle = Oracle(empties)
    told, kept, same = infilling(oracle, WORLD, SceneJudge(), 6)
    assert told.value == (0.0 if empties else 1.0) and told.ceiling == 1.0
    assert same.value == 1.0 and kept.value >= 0.5 and oracle.asked == 18
