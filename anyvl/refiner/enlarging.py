"""A picture enlarged, whole or in part: what refining starts from."""

import torch
from jaxtyping import Float
from torch import Tensor

from anyvl.refiner.tiles import Tile

_Picture = Float[Tensor, "batch 3 height width"]
_REACH = 2
"""Px of the small picture beside its own that a px of the enlarged one may depend on."""


def enlarged(picture: _Picture, scale: int) -> Float[Tensor, "batch 3 height2 width2"]:
    """A picture `scale` times as large (bicubic): what refining starts from."""
    return torch.nn.functional.interpolate(picture, scale_factor=scale, mode="bicubic", align_corners=False)


def enlarged_part(picture: _Picture, scale: int, part: Tile) -> Float[Tensor, "batch 3 height2 width2"]:
    """`enlarged(picture, scale)[..., *part]` without the rest; the part begins and ends at multiples of `scale`, in px."""
    known: list[slice] = []
    cut: list[slice] = []
    for side, where in zip(picture.shape[-2:], part, strict=True):
        assert where.start % scale == 0 and where.stop % scale == 0
        first, end = where.start // scale, where.stop // scale
        before, after = min(_REACH, first), min(_REACH, side - end)
        known.append(slice(first - before, end + after))
        cut.append(slice(before * scale, (end - first + before) * scale))
    return enlarged(picture[..., known[0], known[1]], scale)[..., cut[0], cut[1]]
