"""A drawing taken apart, so that it can be had in any colour: what stays as it is, what takes the colour, and its opacity.

Most of a drawing of one thing is shades of one hue. Those pixels are the *fill*: darker shades become darker shades of the new
colour, highlights stay highlights. So a drawing is affine in its colour k: premultiplied RGB = fixed + fill · k.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from PIL import Image

LEAST_FILL = 0.4
"""A drawing whose fill covers less of it would not be called by the colour of the fill."""
_OUTLINE = 0.18
"""Darker neutral pixels than this are outlines and pupils, no shade of gray."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """fixed: premultiplied RGB; fill: how much of the colour is added; alpha: opacity; all in [0, 1].

    colour: RGB in [0, 1] of the fill as it was drawn. coverage: the fill's share of the drawing.
    """

    fixed: Float[np.ndarray, "height width 3"]
    fill: Float[np.ndarray, "height width"]
    alpha: Float[np.ndarray, "height width"]
    colour: Float[np.ndarray, "3"]
    coverage: float

    def stacked(self) -> Float[np.ndarray, "height width 5"]:
        """Channels fixed (RGB), fill, alpha."""
        return np.concatenate([self.fixed, self.fill[..., None], self.alpha[..., None]], axis=-1)


def take_apart(drawing: Image.Image) -> Parts:
    """The parts of an RGBA drawing. Its fill is the commonest hue, or its light or dark neutral shades where there are more."""
    rgba = np.asarray(drawing.convert("RGBA"), dtype=np.float32) / 255
    rgb, alpha = rgba[..., :3], rgba[..., 3]
    luma = rgb @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    chroma = rgb.max(-1) - rgb.min(-1)
    hued = _near_commonest_hue(rgb, chroma, alpha > 0.5) * _ramp(chroma, 0.10, 0.18)
    neutral = (1 - _ramp(chroma, 0.10, 0.16)) * _ramp(luma, _OUTLINE, _OUTLINE + 0.1)
    opaque = max(float(alpha.sum()), 1e-6)
    dark = (1 - _ramp(chroma, 0.16, 0.24)) * (1 - _ramp(luma, 0.30, 0.38))
    member = max((hued, neutral, dark), key=lambda share: float((share * alpha).sum()))
    inside = (member > 0.5) & (alpha > 0.5)
    if not inside.any():
        member, inside = np.ones_like(alpha), alpha > 0.5
    shade = float(np.quantile(luma[inside], 0.6))
    typical = inside & (np.abs(luma - shade) < 0.1)
    colour = np.median(rgb[typical] if typical.any() else rgb[inside], axis=0)
    # Shades below the typical one are darker, those above it are mixed with white.
    white = _ramp(luma, shade, 1.0) if shade < 0.999 else np.zeros_like(luma)
    strength = np.where(luma > shade, 1 - white, luma / max(shade, 0.05))
    fixed = alpha[..., None] * ((1 - member)[..., None] * rgb + (member * white)[..., None])
    return Parts(
        fixed=fixed,
        fill=alpha * member * strength,
        alpha=alpha,
        colour=colour,
        coverage=float((member * alpha).sum()) / opaque,
    )


def _near_commonest_hue(
    rgb: Float[np.ndarray, "height width 3"], chroma: Float[np.ndarray, "height width"], opaque: np.ndarray
) -> Float[np.ndarray, "height width"]:
    """1 for pixels within 28 degrees of the hue that most colourful pixels have, 0 from 40 degrees on."""
    red, green, blue = np.moveaxis(rgb, -1, 0)
    hue = np.degrees(np.arctan2(0.866 * (green - blue), red - 0.5 * (green + blue))) % 360
    colourful = opaque & (chroma > 0.18)
    if not colourful.any():
        return np.zeros_like(chroma)
    bins = np.bincount((hue[colourful] // 5).astype(int) % 72, minlength=72)
    smooth = np.sum([np.roll(bins, shift) for shift in range(-3, 4)], axis=0)
    commonest = 5.0 * smooth.argmax() + 2.5
    away = (hue[colourful] - commonest + 180) % 360 - 180
    commonest += away[np.abs(away) < 18].mean()
    return 1 - _ramp(np.abs((hue - commonest + 180) % 360 - 180), 28, 40)


def _ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 up to low, 1 from high on, straight in between."""
    return np.clip((values - low) / (high - low), 0, 1)
