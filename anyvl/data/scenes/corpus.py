"""Scenes and their edits, encoded once: what the decoder's training reads again and again.

A scene itself is never stored, it is drawn anew from its number; only the codes of its picture are, and of its edited picture.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int

from anyvl.data.scenes.draw import draw, to_uint8
from anyvl.data.scenes.world import World
from anyvl.model.checkpoint import load_tensors, save_tensors
from anyvl.model.image_tokenizer import VQGANTokenizer
from anyvl.values import Codes

_CHUNK = 32  # larger ones only move more memory


class Corpus:
    """Codes of the first `len(corpus)` scenes of a world and of their edits."""

    def __init__(
        self, world: World, source: Int[np.ndarray, "scene code"], edited: Int[np.ndarray, "scene code"]
    ) -> None:
        self.world, self._source, self._edited = world, source, edited

    def __len__(self) -> int:
        return len(self._source)

    def codes(self, index: int) -> Codes:
        """Codes of scene `index`."""
        return self._codes(self._source, index)

    def edited_codes(self, index: int) -> Codes:
        """Codes of the picture after edit `index`."""
        return self._codes(self._edited, index)

    def _codes(self, table: np.ndarray, index: int) -> Codes:
        rows, columns = self.world.grids[index % len(self.world.grids)]
        return Codes(rows=rows, columns=columns, ids=tuple(table[index, : rows * columns].tolist()))

    @classmethod
    def build(
        cls,
        world: World,
        size: int,
        tokenizer: VQGANTokenizer,
        file: Path,
        progress: Callable[[float], None] = lambda share: None,
    ) -> "Corpus":
        """Draw and encode, or read what an earlier call with the same world, size and tokenizer wrote to `file`."""
        key = _fingerprint(world, size, tokenizer)
        if file.exists():
            tensors = load_tensors(file)
            if key in tensors:
                return cls(world, *tensors[key].numpy())
        longest = max(rows * columns for rows, columns in world.grids)
        tables = torch.zeros(2, size, longest, dtype=torch.int32)
        step = _CHUNK * len(world.grids)
        for start in range(0, size, step):
            for offset in range(len(world.grids)):
                members = list(range(start + offset, min(start + step, size), len(world.grids)))
                if not members:
                    continue
                edits = [world.edit(index) for index in members]
                for table, scenes in zip(tables, ([e.source for e in edits], [e.target for e in edits]), strict=True):
                    codes = tokenizer.encode_batch(to_uint8(draw(scenes, world.sprites)))
                    table[members, : codes[0].numel()] = codes.flatten(1).to(torch.int32).cpu()
            progress(min(1.0, (start + step) / size))
        save_tensors({key: tables}, file)
        return cls(world, *tables.numpy())


def _fingerprint(world: World, size: int, tokenizer: VQGANTokenizer) -> str:
    # Scenes and edits stand for the code that draws them, enough of them that no rare kind of scene is missed: old codes must not
    # meet a changed world.
    shown = [(world.scene(index), world.edit(index)) for index in range(64)]
    digest = hashlib.sha256(repr((world, size, shown)).encode())
    for name, value in sorted(tokenizer.model.state_dict().items()):
        if not name.endswith((".members", ".sums")):
            digest.update(value.float().cpu().numpy().tobytes())
    return digest.hexdigest()[:32]
