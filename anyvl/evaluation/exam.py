"""An exam about pictures: scenes of a world drawn once, and a model asked about them in batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.world import World
from anyvl.evaluation.score import Exhibit
from anyvl.exports import overlay
from anyvl.values import Frame, Instance

_BATCH = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Exam:
    """The first `count` scenes of a world, with their pictures and frames."""

    world: World
    scenes: tuple[Scene, ...]
    pictures: tuple[np.ndarray, ...]
    frames: tuple[Frame, ...]

    @classmethod
    def of(
        cls, world: World, count: int, indices: Sequence[int] | None = None, *, how_many: int | None = None
    ) -> "Exam":
        """Of the first `count` scenes, or of those of the given numbers; with a number of things, if that is given."""
        numbers = range(count) if indices is None else indices
        scenes = tuple(world.scene(index, how_many) for index in numbers)
        return cls(
            world=world,
            scenes=scenes,
            pictures=tuple(draw_one(scene, world.sprites) for scene in scenes),
            frames=tuple(Frame(height=scene.height, width=scene.width) for scene in scenes),
        )

    def ask(self, method: Callable[..., list[Any]], words: Sequence[str] | None = None) -> list[Any]:
        """Every picture put to a method of the model, with its words if any, in batches."""
        answers: list[Any] = []
        for start in range(0, len(self.pictures), _BATCH):
            part = slice(start, start + _BATCH)
            given = [] if words is None else [list(words[part])]
            answers += method(list(self.pictures[part]), *given)
        return answers

    def exhibits(self, words: Sequence[str], found: Sequence[Sequence[Instance]] | None = None) -> list[Exhibit]:
        """Every picture, with what was found drawn on it if anything was sought, over its words."""
        many: Sequence[Sequence[Instance]] = [()] * len(self.pictures) if found is None else found
        return [
            Exhibit(overlay(picture, things) if things else Image.fromarray(picture), said)
            for picture, things, said in zip(self.pictures, many, words, strict=True)
        ]
