"""A large grid as overlapping tiles: what is computed tile by tile costs the memory of one, and is blended where they overlap.

The mean of what tiles say, at every step of the denoising, is MultiDiffusion (Bar-Tal et al. 2023, arXiv:2302.08113).
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

_Planes = Float[Tensor, "batch channel row column"]
Tile = tuple[slice, slice]
"""Rows and columns."""


def tiles(rows: int, columns: int, side: int, overlap: int, step: int = 1) -> list[Tile]:
    """Tiles of at most side × side cells that cover the grid, neighbours sharing at least `overlap`; all begin at multiples of
    `step`, of which every number given is one.

    >>> [(t[1].start, t[1].stop) for t in tiles(8, 20, side=8, overlap=2)]
    [(0, 8), (6, 14), (12, 20)]
    """
    assert all(number % step == 0 for number in (rows, columns, side, overlap)) and 0 <= overlap < side
    return [
        (slice(y, min(y + side, rows)), slice(x, min(x + side, columns)))
        for y in _starts(rows, side, overlap, step)
        for x in _starts(columns, side, overlap, step)
    ]


def _starts(length: int, side: int, overlap: int, step: int) -> list[int]:
    """First cells of the tiles along one axis, spread evenly."""
    if length <= side:
        return [0]
    count = -(-(length - overlap) // (side - overlap))
    last = length - side
    return [last * i // (count - 1) // step * step for i in range(count)]


def blended(
    compute: Callable[[Tile], _Planes], like: _Planes, places: list[Tile], overlap: int
) -> Float[Tensor, "batch channel row column"]:
    """What `compute` gives for each tile, as one tensor shaped as `like`: a weighted mean, each tile's weight falling to its
    edges."""
    if len(places) == 1:
        return compute(places[0])
    total, weights = torch.zeros_like(like), torch.zeros_like(like[:1, :1])
    for place in places:
        part = compute(place).to(total.dtype)
        weight = _ramp(part.shape[-2], overlap, part)[:, None] * _ramp(part.shape[-1], overlap, part)
        total[..., place[0], place[1]] += part * weight
        weights[..., place[0], place[1]] += weight
    return total.div_(weights)


def _ramp(length: int, overlap: int, like: Tensor) -> Float[Tensor, " length"]:
    """1 inside, falling over `overlap` cells towards both ends, never to 0; slowly at first and at last, as what a network says
    at its edge is worth least."""
    place = torch.arange(length, device=like.device, dtype=torch.float32)
    nearest = torch.minimum(place, length - 1 - place)
    rising = ((nearest + 1) / (overlap + 1)).clamp(max=1)
    return rising**2 * (3 - 2 * rising)
