"""What is behind the things of a picture: one of the world's grounds, perhaps lighter to one side."""

import functools
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from anyvl.data.scenes.catalogue import GROUND_NAMES
from anyvl.data.scenes.grounds import draw_grounds
from anyvl.data.scenes.scene import Ground
from anyvl.evaluation.templates import SHRINK, soften

_LIGHTER = 0.14
"""How much lighter or darker than drawn a ground may be in places: gradients reach 0.08."""
_OFF = 0.06
"""How far a ground's pixel may be off its colour, its lightness aside."""
_LEAST_SHARE = 0.12
"""A ground that covers less of the picture is none."""
_CLOSE = 0.05
"""Of several grounds that could be it, the one wins of which most pixels are nearer than this."""


def estimate_ground(
    picture: Float[Tensor, "3 height width"], free: Bool[Tensor, "height width"], names: Sequence[str]
) -> tuple[Float[Tensor, "3 height width"], str | None]:
    """The ground of a soft picture as it would be without things, and its name (None if none of `names` covers enough).

    `free` pixels are those not known to belong to a thing. Each ground that many of them could be, lightness aside, is fitted: a
    plane in grey through the pixels that are near, found twice more with outliers left out, gives its gradient.
    """
    _, height, width = picture.shape
    off = picture - _drawn(tuple(names), height, width)
    lighter = off.mean(1)
    near = (lighter.abs() < _LIGHTER) & ((off - lighter[:, None]).abs().amax(1) < _OFF) & free
    counts = near.sum((1, 2))
    fits = []
    for number in torch.nonzero(counts >= 0.5 * counts.max())[:, 0].tolist():
        fitted = picture - off[number] + _slope(off[number], near[number], free)
        close = int((((picture - fitted).abs().amax(0) < _CLOSE) & free).sum())
        fits.append((close, number, fitted.clamp(0, 1)))
    _, number, fitted = max(fits, key=lambda fit: fit[0])
    return fitted, names[number] if int(counts[number]) >= _LEAST_SHARE * height * width else None


@functools.lru_cache(maxsize=32)
def _drawn(names: tuple[str, ...], height: int, width: int) -> Float[Tensor, "ground 3 height width"]:
    """Grounds as soft pictures."""
    grounds = [Ground(kind=GROUND_NAMES.index(name)) for name in names]
    return torch.stack([soften(ground) for ground in draw_grounds(grounds, SHRINK * height, SHRINK * width)])


def _slope(
    off: Float[Tensor, "3 height width"], inlier: Bool[Tensor, "height width"], free: Bool[Tensor, "height width"]
) -> Float[Tensor, "height width"]:
    """How much lighter the picture is than the drawn ground in each place, a plane."""
    _, height, width = off.shape
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    plane = torch.zeros(height, width)
    for _ in range(3):
        if int(inlier.sum()) < 20:
            break
        lighter = off[:, inlier].mean(0)
        design = torch.stack([torch.ones_like(x[inlier]), x[inlier], y[inlier]], dim=1)
        # slopes are held towards zero a little: few pixels in one corner say nothing of the other
        normal = design.T @ design + torch.diag(torch.tensor([0.0, 2.0, 2.0]))
        level, right, down = torch.linalg.solve(normal, design.T @ lighter)
        plane = level + right * x + down * y
        inlier = ((off - plane).abs().amax(0) < 0.1) & free
    return plane
