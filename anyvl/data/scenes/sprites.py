"""Sprites: the drawings of a repertoire's things, taken apart so that they can be had in any colour, and their outlines.

Every sprite is cropped to its opaque part and centred in a square, so that a thing's size is the longer side of its box.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import shapely
import shapely.affinity
import torch
from einops import rearrange
from jaxtyping import UInt8
from PIL import Image
from shapely import MultiPolygon, Polygon
from torch import Tensor

from anyvl.data.scenes.artwork import drawing_of
from anyvl.data.scenes.catalogue import COLOURS, KINDS, Kind
from anyvl.data.scenes.figures import draw_figure
from anyvl.data.scenes.packed import read_packed
from anyvl.data.scenes.recolour import Parts, take_apart
from anyvl.data.scenes.repertoire import FIRST, Repertoire

MIP_SIDES = (24, 32, 44, 60, 84, 112, 144, 192)
"""Sides in px at which sprites are kept: a thing is drawn from the smallest not below its size, so that it never aliases."""
MASTER_SIDE = 192
_ROOM = 4 / 3
"""Drawings are cropped from pictures so many times as large, and empty at the edges."""

COLOUR_RGB = torch.tensor(list(COLOURS.values()), dtype=torch.float32) / 255


@dataclass(frozen=True, kw_only=True)
class Sprites:
    """Everything that drawing and truth need of the things' looks.

    rows: where a drawing is, by kind (number in the catalogue) and style. mips: one tensor a side of `MIP_SIDES`, channels
    premultiplied fixed RGB, fill, opacity (`anyvl.data.scenes.recolour`), 0 to 255. outlines: for each drawing its opaque region
    in the unit square of its sprite (x right, y down).
    """

    rows: Mapping[tuple[int, str], int]
    mips: tuple[UInt8[Tensor, "drawing 5 _ _"], ...]
    outlines: tuple[MultiPolygon, ...]

    @property
    def sides(self) -> tuple[int, ...]:
        """Of the drawings kept, in px."""
        return tuple(mip.shape[-1] for mip in self.mips)

    def outline(self, kind: int, style: str) -> MultiPolygon:
        """The opaque region of a kind of thing in a style."""
        return self.outlines[self.rows[kind, style]]

    def to(self, device: torch.device | str) -> "Sprites":
        """The same with the drawings on a device."""
        return replace(self, mips=tuple(mip.to(device) for mip in self.mips))


@functools.lru_cache(maxsize=4)
def load_sprites(repertoire: Repertoire = FIRST, finest: int = MASTER_SIDE) -> Sprites:
    """The drawings of a repertoire: from the packed file if there is one that holds them, else drawn now (seconds).

    finest: the largest side they are kept at; beyond `MASTER_SIDE` they are drawn once more, for pictures that are drawn large.
    """
    wanted = [(kind, style) for style in repertoire.styles for kind in repertoire.kinds_in(style)]
    packed = read_packed([(KINDS[kind].name, style) for kind, style in wanted])
    masters = packed if packed is not None else np.stack([master_of(KINDS[kind], style) for kind, style in wanted])
    stack = rearrange(torch.from_numpy(masters), "drawing y x c -> drawing c y x")
    mips = tuple(_shrunk(stack, side) for side in MIP_SIDES)
    if finest > MASTER_SIDE:
        large = np.stack([master_of(KINDS[kind], style, finest) for kind, style in wanted])
        mips = (*mips, rearrange(torch.from_numpy(large), "drawing y x c -> drawing c y x"))
    outlines = tuple(_outline(master[..., 4]) for master in masters)
    return Sprites(rows={key: row for row, key in enumerate(wanted)}, mips=mips, outlines=outlines)


def master_of(kind: Kind, style: str, side: int = MASTER_SIDE) -> UInt8[np.ndarray, "side side 5"]:
    """A drawing at a side in px, in parts."""
    drawn = round(_ROOM * side)
    if not kind.codepoint:
        parts = draw_figure(kind.name, style, drawn)
    else:
        drawing = drawing_of(kind.codepoint, style, drawn)
        assert drawing is not None, f"{kind.name} has no drawing in {style}"
        parts = take_apart(drawing)
    return _cropped(parts, side)


def _cropped(parts: Parts, wanted: int) -> UInt8[np.ndarray, "side side 5"]:
    """The opaque part, centred in the smallest square, resized to the side wanted."""
    stacked = parts.stacked()
    rows, columns = (np.flatnonzero((parts.alpha > 0.5).any(axis)) for axis in (1, 0))
    part = stacked[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = part.shape[:2]
    side = max(height, width)
    square = np.zeros((side, side, 5), np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = part
    channels = [
        np.asarray(Image.fromarray(channel).resize((wanted, wanted), Image.Resampling.LANCZOS))
        for channel in np.moveaxis(square, -1, 0)
    ]
    return np.round(np.stack(channels, -1).clip(0, 1) * 255).astype(np.uint8)


def _shrunk(masters: UInt8[Tensor, "drawing 5 side side"], side: int) -> UInt8[Tensor, "drawing 5 _ _"]:
    if side == MASTER_SIDE:
        return masters
    chunks = [
        torch.nn.functional.interpolate(chunk.float(), size=(side, side), mode="area").round().to(torch.uint8)
        for chunk in masters.split(64)
    ]
    return torch.cat(chunks)


def _outline(opacity: UInt8[np.ndarray, "side side"]) -> MultiPolygon:
    """Region where a sprite is opaque, in the unit square; specks and pinholes below 0.4 % of it are left out."""
    side = len(opacity)
    runs = []
    for y, row in enumerate(opacity > 127):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row, [0]])))
        runs += [shapely.box(x0, y, x1, y + 1) for x0, x1 in zip(edges[::2], edges[1::2], strict=True)]
    region = shapely.union_all(runs).simplify(0.75)
    parts = region.geoms if isinstance(region, MultiPolygon) else [region]
    least = 0.004 * side * side
    kept = [
        Polygon(part.exterior, [hole for hole in part.interiors if Polygon(hole).area >= least])
        for part in parts
        if part.area >= least
    ]
    return shapely.affinity.scale(MultiPolygon(kept), 1 / side, 1 / side, origin=(0, 0))
