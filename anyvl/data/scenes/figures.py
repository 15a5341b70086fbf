"""The geometric figures of the world, drawn in each style: flat, shaded like a pillow, rimmed, or outlined in black."""

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageFilter

from anyvl.data.scenes.artwork import render
from anyvl.data.scenes.recolour import Parts

_PATHS = {
    "circle": '<circle cx="50" cy="50" r="48"/>',
    "square": '<rect x="4" y="4" width="92" height="92"/>',
    "triangle": '<path d="M50 4 L98 92 L2 92 Z"/>',
    "star": '<path d="M50 2 L61.5 36 L97 36 L68.5 57.5 L79.5 92 L50 71 L20.5 92 L31.5 57.5 L3 36 L38.5 36 Z"/>',
    "heart": '<path d="M50 94 C20 70 2 52 2 30 C2 14 14 4 27 4 C37 4 46 10 50 20 C54 10 63 4 73 4 C86 4 98 14 98 30'
    ' C98 52 80 70 50 94 Z"/>',
    "ring": '<path fill-rule="evenodd" d="M50 2 A48 48 0 1 1 49.9 2 Z M50 28 A22 22 0 1 1 49.9 28 Z"/>',
    "cross": '<path d="M34 2 H66 V34 H98 V66 H66 V98 H34 V66 H2 V34 H34 Z"/>',
    "crescent": '<path d="M64 3 A48 48 0 1 0 97 66 A38 38 0 0 1 64 3 Z"/>',
}
SOLID = ("circle", "square", "heart")
"""Figures with room for another thing inside."""


def draw_figure(name: str, style: str, side: int) -> Parts:
    """A figure by name in a style, side × side px."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{_PATHS[name]}</svg>'
    alpha = np.asarray(render(svg, side), dtype=np.float32)[..., 3] / 255
    fill, white = _LOOKS[style](alpha)
    return Parts(
        fixed=np.repeat((alpha * white)[..., None], 3, axis=-1),
        fill=alpha * fill,
        alpha=alpha,
        colour=np.full(3, 0.5),
        coverage=1.0,
    )


_Look = tuple[Float[np.ndarray, "side side"], Float[np.ndarray, "side side"]]


def _flat(alpha: np.ndarray) -> _Look:
    return np.ones_like(alpha), np.zeros_like(alpha)


def _pillow(alpha: np.ndarray) -> _Look:
    """Lit from the top left: the slope of the blurred shape is what the light falls on."""
    down, across = np.gradient(_blurred(alpha, 0.06))
    light = -(down + across) * len(alpha) / 12
    dark, bright = np.clip(-light, 0, 0.45), np.clip(light, 0, 0.45)
    return (1 - dark) * (1 - bright), bright


def _rimmed(alpha: np.ndarray) -> _Look:
    """A darker rim and a lighter middle."""
    inside = np.clip(2 * _blurred(alpha, 0.03) - 1, 0, 1)
    return 0.72 + 0.28 * (inside > 0.75), np.zeros_like(alpha)


def _outlined(alpha: np.ndarray) -> _Look:
    """A black line along the edge."""
    line = _blurred(alpha, 0.015) < 0.93
    return np.where(line, 0.0, 1.0), np.zeros_like(alpha)


_LOOKS = {"flat": _flat, "3d": _pillow, "cartoon": _rimmed, "outlined": _outlined}


def _blurred(alpha: np.ndarray, share: float) -> np.ndarray:
    """A Gaussian blur whose radius is a share of the side."""
    side = len(alpha)
    room = side // 4
    padded = Image.fromarray(np.uint8(np.pad(alpha, room) * 255))
    soft = np.asarray(padded.filter(ImageFilter.GaussianBlur(share * side)), dtype=np.float32) / 255
    return soft[room:-room, room:-room]
