"""What is behind the things of a picture: one of the world's ground colours, perhaps lighter to one side."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from anyvl.data.scenes.catalogue import GROUND_NAMES, GROUNDS

_GROUND_RGB = torch.tensor(list(GROUNDS.values()), dtype=torch.float32) / 255
_LIGHTER = 0.14
"""How much lighter or darker than its colour a ground may be in places: gradients reach 0.12."""
_OFF = 0.06
"""How far a ground's pixel may be off its colour, its lightness aside."""
_LEAST_SHARE = 0.12
"""A ground that covers less of the picture is none."""


def estimate_ground(
    picture: Float[Tensor, "3 height width"], free: Bool[Tensor, "height width"]
) -> tuple[Float[Tensor, "3 height width"], str | None]:
    """The ground as it would be without things, and its name (None if no ground of the world covers enough).

    `free` pixels are those not known to belong to a thing. The ground whose colour most of them have, lightness aside, wins; a
    plane in grey through the pixels that fit it, found twice more with outliers left out, gives its gradient.
    """
    _, height, width = picture.shape
    off = picture - _GROUND_RGB[:, :, None, None]
    lighter = off.mean(1)
    near = (lighter.abs() < _LIGHTER) & ((off - lighter[:, None]).abs().amax(1) < _OFF) & free
    counts = near.sum((1, 2))
    number = int(counts.argmax())
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    plane = _GROUND_RGB[number][:, None, None].expand_as(picture)
    inlier = near[number]
    for _ in range(3):
        if int(inlier.sum()) < 20:
            break
        pixels = picture[:, inlier]
        design = torch.stack([torch.ones_like(x[inlier]), x[inlier], y[inlier]], dim=1)
        # slopes are held towards zero a little: few pixels in one corner say nothing of the other
        normal = design.T @ design + torch.diag(torch.tensor([0.0, 2.0, 2.0]))
        _, right, down = torch.linalg.solve(normal, design.T @ (pixels.mean(0) - pixels.mean()))
        slope = right * x + down * y
        plane = ((pixels - slope[inlier]).mean(1)[:, None, None] + slope).clamp(0, 1)
        inlier = ((picture - plane).abs().amax(0) < 0.1) & free
    return plane, GROUND_NAMES[number] if int(counts[number]) >= _LEAST_SHARE * height * width else None
