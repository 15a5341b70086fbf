"""Key points as JSON, as lines, and drawn over their picture."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from anyvl.exports.overlay import enlarged
from anyvl.exports.palette import colour_of
from anyvl.values import Frame, Keypoint


def to_points(points: Sequence[Keypoint], frame: Frame) -> dict[str, Any]:
    """The object that `anyvl keypoints --json` prints: positions in px of the original, x right, y down.

    >>> to_points([Keypoint(name="top", x=4, y=1, visible=False)], Frame(height=6, width=9))["keypoints"]
    [{'name': 'top', 'x': 4.0, 'y': 1.0, 'visible': False, 'score': 1.0}]
    """
    rows = [
        {
            "name": point.name,
            "x": float(point.x),
            "y": float(point.y),
            "visible": point.visible,
            "score": float(point.score),
        }
        for point in points
    ]
    return {"image": {"width": frame.width, "height": frame.height}, "keypoints": rows}


def point_lines(points: Sequence[Keypoint]) -> list[str]:
    """One line a point.

    >>> point_lines([Keypoint(name="top", x=4, y=1, visible=False)])
    ['top  at 4.0 1.0  hidden  score 1.00']
    """
    return [
        f"{point.name}  at {point.x:.1f} {point.y:.1f}  {'visible' if point.visible else 'hidden'}  score {point.score:.2f}"
        for point in points
    ]


def point_overlay(picture: UInt8[np.ndarray, "height width 3"], points: Sequence[Keypoint]) -> Image.Image:
    """The picture, enlarged as `overlay` does, with a disc on each visible point, a ring on each hidden one, and its name."""
    canvas, factor = enlarged(picture)
    pen = ImageDraw.Draw(canvas)
    size = max(13, round(max(canvas.size) / 36))
    font, radius = ImageFont.load_default(size), max(4, round(max(canvas.size) / 90))
    for number, point in enumerate(points):
        x, y, colour = point.x * factor, point.y * factor, colour_of(number)
        for grown, ink in ((2, (0, 0, 0)), (0, (255, 255, 255))):
            reach = radius + grown
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), outline=ink, width=2 + grown)
        within = radius - 2
        if point.visible:
            pen.ellipse((x - within, y - within, x + within, y + within), fill=colour)
        wide = pen.textlength(point.name, font=font)
        left = x + radius + 4 if x + radius + 4 + wide <= canvas.width else x - radius - 4 - wide
        top = min(max(y - size / 2, 0), canvas.height - size - 4)
        pen.text((left, top), point.name, fill=(255, 255, 255), font=font, stroke_width=2, stroke_fill=(0, 0, 0))
    return canvas
