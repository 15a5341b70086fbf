"""What the refiner's network is told of a picture: the picture enlarged, and what its codes stand for, patch by patch."""

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from anyvl.refiner.tiles import Tile

_Picture = Float[Tensor, "batch 3 height width"]
_Planes = Float[Tensor, "batch channel row column"]
_REACH = 2
"""Px of the small picture beside its own that a px of the enlarged one may depend on."""


def enlarged(picture: _Picture, scale: int) -> Float[Tensor, "batch 3 height2 width2"]:
    """A picture `scale` times as large (bicubic): what refining starts from, and what it is held against."""
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


def to_patches(picture: _Picture, patch: int) -> Float[Tensor, "batch channel row column"]:
    """Patches of patch × patch px as channels: 3 · patch² numbers in the place of each."""
    return rearrange(picture, "b c (row y) (column x) -> b (c y x) row column", y=patch, x=patch)


def from_patches(planes: _Planes, patch: int) -> Float[Tensor, "batch 3 height width"]:
    """The inverse of `to_patches`."""
    return rearrange(planes, "b (c y x) row column -> b c (row y) (column x)", y=patch, x=patch)


def conditions(
    picture: _Picture,
    code_vectors: Float[Tensor, "batch dim rows columns"] | None,
    scale: int,
    place: Tile,
    *,
    patch: int,
    cell: int,
    code_dim: int,
) -> _Planes:
    """The planes that stand beside the noisy ones at a place, given in patches of the enlarged picture: the enlarged picture's
    patches, and of each the vector of the code that it lies in.

    code_vectors: the codebook's entries of the picture's codes, one for every `cell` × `cell` px of the small picture, the last
    ones perhaps for fewer; None, where nobody knows them, is zeros.
    """
    rows, columns = place
    part = slice(rows.start * patch, rows.stop * patch), slice(columns.start * patch, columns.stop * patch)
    pixels = to_patches(enlarged_part(picture, scale, part), patch)
    if code_vectors is None:
        vectors = pixels.new_zeros(len(pixels), code_dim, *pixels.shape[-2:])
    else:
        down, right = (
            (torch.arange(at.start, at.stop, device=pixels.device) * patch // (cell * scale)).clamp(max=count - 1)
            for at, count in zip(place, code_vectors.shape[-2:], strict=True)
        )
        vectors = code_vectors.to(pixels)[..., down[:, None], right]
    return torch.cat((pixels, vectors), dim=1)
