"""The scene world as a source: scene i and edit i of a split, each a function of (seed, split, i)."""

import itertools
import zlib
from dataclasses import dataclass

import numpy as np

from anyvl.data.scenes.edits import Edit, sample_edit, try_edit
from anyvl.data.scenes.scene import Scene, sample_scene
from anyvl.data.scenes.sprites import Sprites, load_sprites
from anyvl.errors import UnknownNameError

SPLITS = ("training", "validation", "test", "held_out")
"""Splits never share a scene; `held_out` shows only pairs of thing and colour that no other split shows."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Scenes on the given grids of codes (rows, columns), `factor` px a code; grids take turns."""

    grids: tuple[tuple[int, int], ...]
    factor: int
    split: str = "training"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise UnknownNameError("split", self.split, SPLITS)

    @property
    def sprites(self) -> Sprites:
        return load_sprites()

    def rng(self, index: int, purpose: str) -> np.random.Generator:
        """The random numbers of one item of the world for one purpose."""
        return np.random.default_rng((self.seed, SPLITS.index(self.split), zlib.crc32(purpose.encode()), index))

    def scene(self, index: int, how_many: int | None = None) -> Scene:
        """Scene `index`, with a random number of things or the number asked for."""
        rows, columns = self.grids[index % len(self.grids)]
        rng = self.rng(index, f"scene {how_many or ''}")
        return sample_scene(
            rng, rows * self.factor, columns * self.factor, how_many=how_many, held_out=self.split == "held_out"
        )

    def edit(self, index: int) -> Edit:
        """Edit `index`, of scene `index`."""
        return sample_edit(self.scene(index), self.rng(index, "edit"), self.sprites)

    def edits_of(self, kind: str, how_many: int) -> list[Edit]:
        """The first edits of one kind, of the scenes in order that allow it."""
        tries = (try_edit(self.scene(i), self.rng(i, f"edit {kind}"), self.sprites, kind) for i in itertools.count())
        return list(itertools.islice((edit for edit in tries if edit is not None), how_many))
