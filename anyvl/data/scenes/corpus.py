"""The pictures of a world's scenes as codes, drawn and encoded when they are first asked for.

Nothing is stored: scene and edit are functions of their number, and so are their codes. A training goes through the scenes in
order, so that only a window of them is at hand at any time.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from anyvl.data.scenes.draw import draw, to_uint8
from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.world import World
from anyvl.values import Codes

_BLOCK = 48
"""So many scenes of each grid are drawn and encoded at a time."""


@runtime_checkable
class Encoder(Protocol):
    """What a corpus needs of an image tokenizer."""

    def encode_batch(self, pictures: UInt8[Tensor, "batch height width 3"]) -> Int[Tensor, "batch rows columns"]: ...


class Corpus:
    """Codes of a world's scenes by number; those of `kept` scenes are kept, the highest numbers."""

    def __init__(self, world: World, encoder: Encoder, kept: int = 100_000) -> None:
        self.world = world
        self._encoder = encoder
        self.span = _BLOCK * len(world.grids)
        """Scenes that are drawn and encoded together."""
        self._most = 2 + -(-kept // self.span)
        self._blocks: dict[int, list[Int[np.ndarray, "scene code"]]] = {}

    def codes(self, index: int) -> Codes:
        """Codes of scene `index`."""
        number, place = divmod(index, self.span)
        if number not in self._blocks:
            self._blocks[number] = self._encoded_block(number)
            if len(self._blocks) > self._most:  # the window moves on: the lowest numbers are behind it
                del self._blocks[min(self._blocks.keys() - {number})]
        row, grid = divmod(place, len(self.world.grids))
        return self._codes(index, self._blocks[number][grid][row])

    def codes_of(self, scene: Scene) -> Codes:
        """Codes of any one scene; they are not kept."""
        rows, columns = (side // self.world.factor for side in (scene.height, scene.width))
        return Codes(rows=rows, columns=columns, ids=tuple(self._encoded([scene])[0].tolist()))

    def _encoded_block(self, number: int) -> list[Int[np.ndarray, "scene code"]]:
        """Codes of a block's scenes, a table a grid."""
        numbers = range(number * self.span, (number + 1) * self.span)
        grids = len(self.world.grids)
        return [self.of_one_grid(numbers[grid::grids]) for grid in range(grids)]

    def of_one_grid(self, numbers: range) -> Int[np.ndarray, "scene code"]:
        """Codes of some scenes of one grid, by number."""
        return self._encoded([self.world.scene(index) for index in numbers])

    def _encoded(self, scenes: Sequence[Scene]) -> Int[np.ndarray, "scene code"]:
        with torch.no_grad():
            codes = self._encoder.encode_batch(to_uint8(draw(scenes, self.world.sprites)))
        return codes.flatten(1).to(torch.int32).cpu().numpy()

    def _codes(self, index: int, flat: Int[np.ndarray, " code"]) -> Codes:
        rows, columns = self.world.grids[index % len(self.world.grids)]
        return Codes(rows=rows, columns=columns, ids=tuple(flat.tolist()))
