"""The scene world as a source: scene i and edit i of a split, each a function of (seed, split, i)."""

import itertools
import zlib
from dataclasses import dataclass, replace

import numpy as np

from anyvl.checkpoint import Parts
from anyvl.data.scenes.edits import Edit, sample_edit, try_edit
from anyvl.data.scenes.knowledge import repertoire_of
from anyvl.data.scenes.repertoire import FIRST, Repertoire
from anyvl.data.scenes.scene import Scene, sample_scene
from anyvl.data.scenes.sprites import Sprites, load_sprites
from anyvl.errors import UnknownNameError

SPLITS = ("training", "validation", "test", "held_out")
"""Splits never share a picture; `held_out` shows only pairs of thing and colour that no other split shows."""

_SHARES = {"validation": range(1), "test": range(1, 2), "training": range(2, 16)}
"""The sixteenths of all scenes of seen pairs that each split has, told by a checksum of what a scene shows."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Scenes on the given grids of codes (rows, columns), `factor` px a code; grids take turns.

    repertoire: what may be in them. style: all is drawn in this style instead, which a training need not have shown. lattice:
    things stand on multiples of it, in px (`anyvl.data.scenes.scene.Scene`); 0 is half the side of a code.
    """

    grids: tuple[tuple[int, int], ...]
    factor: int
    repertoire: Repertoire = FIRST
    style: str = ""
    lattice: int = 0
    split: str = "training"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise UnknownNameError("split", self.split, SPLITS)

    @classmethod
    def of(cls, parts: Parts, split: str = "training") -> "World":
        """The world that a saved model was trained on, as far as it tells."""
        factor = parts.tokenizer.model.config.factor
        return cls(
            grids=parts.kit.grids,
            factor=factor,
            repertoire=repertoire_of(parts.knows),
            lattice=parts.lattice,
            split=split,
        )

    @property
    def spacing(self) -> int:
        """Px from line to line of the lattice."""
        return self.lattice or self.factor // 2

    @property
    def sprites(self) -> Sprites:
        return load_sprites(self.shown)

    @property
    def shown(self) -> Repertoire:
        """The repertoire in the style that is asked for, if one is."""
        return replace(self.repertoire, styles=(self.style,)) if self.style else self.repertoire

    @property
    def title(self) -> str:
        """What scores are headed with."""
        return f"{self.split}, {self.style} drawings" if self.style else self.split

    def rng(self, index: int, purpose: str) -> np.random.Generator:
        """The random numbers of one item of the world for one purpose."""
        return np.random.default_rng((self.seed, SPLITS.index(self.split), zlib.crc32(purpose.encode()), index))

    def scene(self, index: int, how_many: int | None = None, family: bool | None = None) -> Scene:
        """Scene `index`, with a random number of things or the number asked for; family: whether all are of one kind."""
        rows, columns = self.grids[index % len(self.grids)]
        rng = self.rng(index, f"scene {how_many or ''}{' family' if family else ''}")
        while True:
            scene = sample_scene(
                rng,
                rows * self.factor,
                columns * self.factor,
                lattice=self.spacing,
                repertoire=self.shown,
                how_many=how_many,
                family=family,
                held_out=self.split == "held_out",
            )
            if self.owns(scene):
                return scene

    def any_scene(self, rng: np.random.Generator, height: int, width: int, *, anywhere: bool = False) -> Scene:
        """A scene of this split of any size; its things on the lattice, or anywhere."""
        lattice, held_out = 1 if anywhere else self.spacing, self.split == "held_out"
        while True:
            scene = sample_scene(rng, height, width, lattice=lattice, repertoire=self.shown, held_out=held_out)
            if self.owns(scene):
                return scene

    def owns(self, scene: Scene) -> bool:
        """Whether the scene belongs to this split. One without things belongs to all, there are too few of them to share."""
        if not scene.things:
            return True
        held_out = [self.repertoire.is_held_out(thing.name, thing.colour_name) for thing in scene.things]
        if self.split == "held_out" or any(held_out):
            return self.split == "held_out" and all(held_out)
        shown = sorted((thing.kind, thing.colour, thing.x, thing.y, thing.size) for thing in scene.things)
        checksum = zlib.crc32(repr((scene.height, scene.width, scene.style, scene.ground.kind, shown)).encode())
        return checksum % 16 in _SHARES[self.split]

    def edit(self, index: int) -> Edit:
        """Edit `index`, of scene `index`; what a training's edits lead to belongs to the training too."""
        rng = self.rng(index, "edit")
        while True:
            edit = sample_edit(self.scene(index), rng, self.sprites)
            if self.split != "training" or self.owns(edit.target):
                return edit

    def edits_of(self, kind: str, how_many: int) -> list[Edit]:
        """The first edits of one kind, of the scenes in order that allow it."""
        tries = (try_edit(self.scene(i), self.rng(i, f"edit {kind}"), self.sprites, kind) for i in itertools.count())
        return list(itertools.islice((edit for edit in tries if edit is not None), how_many))
