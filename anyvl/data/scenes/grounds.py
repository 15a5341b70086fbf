"""Drawing what is behind the things: plain, graded, striped, checked, dotted, or land below a sky."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from anyvl.data.scenes.catalogue import GROUNDS
from anyvl.data.scenes.scene import Ground

_GROUNDS = tuple(GROUNDS.values())
_PERIOD = 0.125
"""Stripes, checks and dots repeat after this share of the picture's width."""
_HORIZON = 0.625
"""How far down the sky reaches."""
_LIGHTER = 0.16
"""How much lighter, of 1, a ground of strength 1 is on one side than on the other."""

_Plane = Float[Tensor, "height width"]


def draw_grounds(grounds: Sequence[Ground], height: int, width: int) -> Float[Tensor, "batch 3 height width"]:
    """Grounds alone, RGB in [0, 1], one a picture of height × width px."""
    y, x = torch.meshgrid(
        (torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing="ij"
    )  # shares of the sides
    patterns = {name: pattern(x, y, height / width) for name, pattern in _PATTERNS.items()}
    return torch.stack([_drawn(ground, x, y, patterns[_GROUNDS[ground.kind].pattern]) for ground in grounds])


def _drawn(ground: Ground, x: _Plane, y: _Plane, second: _Plane) -> Float[Tensor, "3 height width"]:
    colours = torch.tensor(_GROUNDS[ground.kind].colours, dtype=torch.float32) / 255
    base, other = colours[0][:, None, None], colours[-1][:, None, None]
    angle = torch.tensor(ground.angle)
    lighter = _LIGHTER * ground.strength * ((x - 0.5) * torch.cos(angle) + (y - 0.5) * torch.sin(angle))
    return base + (other - base) * second + lighter


def _plain(x: _Plane, y: _Plane, aspect: float) -> _Plane:
    return torch.zeros_like(x)


def _stripes(x: _Plane, y: _Plane, aspect: float) -> _Plane:
    return ((x / _PERIOD) % 1 >= 0.5).float()


def _checks(x: _Plane, y: _Plane, aspect: float) -> _Plane:
    return ((x / _PERIOD + 1e-6).floor() + (y * aspect / _PERIOD + 1e-6).floor()) % 2


def _dots(x: _Plane, y: _Plane, aspect: float) -> _Plane:
    across, down = (x / _PERIOD) % 1 - 0.5, (y * aspect / _PERIOD) % 1 - 0.5
    return ((0.25 - (across**2 + down**2).sqrt()) * 16 + 0.5).clamp(0, 1)  # a soft edge


def _horizon(x: _Plane, y: _Plane, aspect: float) -> _Plane:
    return (y >= _HORIZON).float()


_PATTERNS: dict[str, Callable[[_Plane, _Plane, float], _Plane]] = {
    "plain": _plain,
    "stripes": _stripes,
    "checks": _checks,
    "dots": _dots,
    "horizon": _horizon,
}
