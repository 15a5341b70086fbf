"""Instances drawn over their picture, for the eye: a translucent fill, a crisp outline and a tag with the label."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageChops, ImageDraw, ImageFont

from anyvl.errors import InputError
from anyvl.exports.palette import colour_of, is_light
from anyvl.values import Instance, Ring

SHOWN_SIDE = 512
"""Pictures whose longer side is below this many px are enlarged by a whole factor until it is reached."""

_FINER = 3
"""Shapes are drawn this many times finer and then averaged down, which makes their edges smooth ..."""
_MOST_SMOOTHED = 4_000_000
"""... unless they cover more px than this, where it would cost much and nobody would see it."""
_FILL = 0.42
_BOX_FILL = 0.14
"""Share of the colour inside polygons, and inside boxes, where more of the picture is not the thing."""

_Area = tuple[int, int, int, int]


def overlay(picture: UInt8[np.ndarray, "height width 3"], instances: Sequence[Instance]) -> Image.Image:
    """The picture with its instances drawn on it, in the order given.

    Small pictures are enlarged k times, k whole, by repeating pixels, so a 64 px picture shows its own pixels under
    smooth outlines; the result is (k * width, k * height). Tags never leave the picture: they move, then shorten.
    InputError when an instance belongs to a picture of another size.
    """
    height, width = picture.shape[:2]
    for instance in instances:
        if (instance.frame.height, instance.frame.width) != (height, width):
            raise InputError(
                f"{instance.label!r} was found in a picture of {instance.frame.width}×{instance.frame.height} px, "
                f"but the picture given has {width}×{height}: draw it on the one it was found in"
            )
    canvas, factor = enlarged(picture)
    line = max(2, round(max(canvas.size) / 190))
    for number, instance in enumerate(instances):
        _draw(canvas, instance, colour_of(number), factor, line)
    taken: list[_Area] = []
    for number, instance in enumerate(instances):
        area = _tag(canvas, instance, colour_of(number), factor, line, taken)
        if area is not None:
            taken.append(area)
    return canvas


def enlarged(picture: UInt8[np.ndarray, "height width 3"]) -> tuple[Image.Image, int]:
    """The picture as a canvas, a whole number of times as large, and that number: 1 from `SHOWN_SIDE` px on."""
    height, width = picture.shape[:2]
    factor = max(1, math.ceil(SHOWN_SIDE / max(height, width)))
    return Image.fromarray(picture).resize((width * factor, height * factor), Image.Resampling.NEAREST), factor


def _draw(canvas: Image.Image, instance: Instance, colour: tuple[int, int, int], factor: int, line: int) -> None:
    """Fill and outline of one instance, drawn finer on a crop around it and averaged down onto the canvas."""
    x0, y0, x1, y1 = (factor * side for side in instance.bounds.as_tuple())
    parts = [polygon.rings for polygon in instance.polygons] or [(_corners(instance, line / factor),)]
    points = [(x * factor, y * factor) for rings in parts for ring in rings for x, y in ring]
    xs, ys = [x for x, _ in points] + [x0, x1], [y for _, y in points] + [y0, y1]
    left, top = max(0, math.floor(min(xs)) - line), max(0, math.floor(min(ys)) - line)
    right, bottom = min(canvas.width, math.ceil(max(xs)) + line), min(canvas.height, math.ceil(max(ys)) + line)
    if left >= right or top >= bottom:  # wholly outside the picture
        return
    crop = (left, top, right, bottom)
    finer = _FINER if (right - left) * (bottom - top) <= _MOST_SMOOTHED else 1
    fine_size = ((right - left) * finer, (bottom - top) * finer)

    def fine(ring: Ring) -> list[tuple[float, float]]:
        return [((x * factor - left) * finer, (y * factor - top) * finer) for x, y in ring]

    inside = Image.new("1", fine_size)
    outline = Image.new("L", fine_size)
    outline_pen = ImageDraw.Draw(outline)
    halo = Image.new("L", fine_size)
    halo_pen = ImageDraw.Draw(halo)
    for rings in parts:
        part = Image.new("1", fine_size)
        for ring in rings:
            area = Image.new("1", fine_size)
            ImageDraw.Draw(area).polygon(fine(ring), fill=1)
            part = ImageChops.logical_xor(part, area)
            # a ring closed over its first corner too, so that this corner is joined like the others
            closed = [*fine(ring), *fine(ring)[:2]]
            halo_pen.line(closed, fill=255, width=(line + 2) * finer, joint="curve")
            outline_pen.line(closed, fill=255, width=line * finer, joint="curve")
        inside = ImageChops.logical_or(inside, part)

    def average(mask: Image.Image, share: float = 1.0) -> Image.Image:
        small = mask.convert("L").reduce(finer)
        return small if share == 1.0 else small.point(lambda value: round(value * share))

    canvas.paste(colour, crop, average(inside, _FILL if instance.polygons else _BOX_FILL))
    canvas.paste((0, 0, 0), crop, average(halo, 0.45))
    canvas.paste(colour, crop, average(outline))


def _corners(instance: Instance, line_px: float) -> Ring:
    """The corners of the box, half a line inwards where it touches the picture's edge, so that the line stays whole."""
    box, frame = instance.bounds, instance.frame
    half = line_px / 2
    x0, y0 = max(box.x0, half), max(box.y0, half)
    x1, y1 = min(box.x1, frame.width - half), min(box.y1, frame.height - half)
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def _tag(
    canvas: Image.Image,
    instance: Instance,
    colour: tuple[int, int, int],
    factor: int,
    line: int,
    taken: Sequence[_Area],
) -> _Area | None:
    """Writes label and score near the top-left corner; returns the tag's area, or None where no letter fits."""
    size = max(13, round(max(canvas.size) / 32))
    font = ImageFont.load_default(size)
    padding = max(2, size // 4)
    words = " ".join(instance.label.split()) or "?"
    score = "" if instance.score == 1.0 else f" {instance.score:.2f}"
    text = _shortened(words, score, font, canvas.width - 2 * padding)
    ascent, descent = font.getmetrics() if isinstance(font, ImageFont.FreeTypeFont) else (size, 0)
    tag_height = ascent + descent + padding
    if not text or tag_height > canvas.height:
        return None
    tag_width = math.ceil(font.getlength(text)) + 2 * padding
    x0, y0, x1, y1 = (round(side * factor) for side in instance.bounds.as_tuple())
    places = [
        (x0 - line // 2, y0 - tag_height),  # above the box,
        (x0 + line, y0 + line),  # in its upper left corner,
        (x0 - line // 2, y1),  # below,
        (x1 - tag_width, y1 - tag_height),  # in its lower right corner
    ]
    options = []
    for order, (x, y) in enumerate(places):
        left, top = min(max(x, 0), canvas.width - tag_width), min(max(y, 0), canvas.height - tag_height)
        option = (left, top, left + tag_width, top + tag_height)
        covers = any(_overlap(option, other) for other in taken)
        pushed = abs(left - x) + abs(top - y)
        options.append((covers, pushed > line, order, option))
    *_, area = min(options)
    pen = ImageDraw.Draw(canvas)
    pen.rounded_rectangle((area[0], area[1], area[2] - 1, area[3] - 1), radius=padding, fill=colour)
    ink = (0, 0, 0) if is_light(colour) else (255, 255, 255)
    pen.text((area[0] + padding, area[1] + padding // 2), text, fill=ink, font=font)
    return area


def _shortened(words: str, score: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """As much of label and score as fits `width` px: all, else no score, else a cut label, else nothing."""
    if font.getlength(words + score) <= width:
        return words + score
    if font.getlength(words) <= width:
        return words
    for kept in range(min(len(words) - 1, width), 0, -1):
        text = words[:kept].rstrip() + "..."
        if font.getlength(text) <= width:
            return text
    return ""


def _overlap(one: _Area, other: _Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
