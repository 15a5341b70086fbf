"""Instances as an SVG drawing whose units are pixels of the original picture: lay it over the picture and it fits."""

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape

from anyvl.exports.palette import colour_of
from anyvl.values import Frame, Instance, Polygon

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_LINE = 'vector-effect="non-scaling-stroke"'  # outlines stay one px wide however large the drawing is shown


def to_svg(instances: Sequence[Instance], frame: Frame) -> str:
    """One group an instance, titled by its label: a path of all its polygons, or its box where it has none.

    Paths are filled by the even-odd rule, as polygons are here, so holes stay open. A character of a label that XML
    cannot hold becomes U+FFFD.
    """
    width, height = frame.width, frame.height
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        *(_group(number, instance) for number, instance in enumerate(instances)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def svg_file(instances: Sequence[Instance], frame: Frame, file_name: str = "") -> bytes:
    """`to_svg` in UTF-8."""
    return to_svg(instances, frame).encode()


def _group(number: int, instance: Instance) -> str:
    colour = "#{:02x}{:02x}{:02x}".format(*colour_of(number))
    title = escape(_NOT_XML.sub("\ufffd", instance.label))
    if instance.polygons:
        # parts in one path could cancel each other where they overlap, so each part is a path of its own
        shapes = "".join(f'<path {_LINE} fill-rule="evenodd" d="{_path(polygon)}"/>' for polygon in instance.polygons)
    else:
        box = instance.bounds
        shapes = (
            f'<rect {_LINE} x="{_number(box.x0)}" y="{_number(box.y0)}" '
            f'width="{_number(box.width)}" height="{_number(box.height)}"/>'
        )
    style = f'fill="{colour}" fill-opacity="0.4" stroke="{colour}" stroke-linejoin="round"'
    return f"  <g {style}><title>{title} {instance.score:.2f}</title>{shapes}</g>"


def _path(polygon: Polygon) -> str:
    rings = ("M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in ring) + "Z" for ring in polygon.rings)
    return "".join(rings)


def _number(value: float) -> str:
    """A coordinate to a thousandth of a pixel, without trailing zeros."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
