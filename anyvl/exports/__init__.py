"""Found things to files: JSON, SVG and PNG by name (`EXPORTERS`), and an overlay for the eye.

An exporter takes instances and the frame of the picture they belong to, and returns the whole content of a file.
"""

from collections.abc import Callable, Sequence

from anyvl.errors import UnknownNameError
from anyvl.exports.json import json_file, to_json
from anyvl.exports.overlay import overlay
from anyvl.exports.png import label_map, png_file
from anyvl.exports.svg import svg_file, to_svg
from anyvl.values import Frame, Instance

__all__ = ["EXPORTERS", "Exporter", "exporter", "label_map", "overlay", "to_json", "to_svg"]

Exporter = Callable[[Sequence[Instance], Frame], bytes]

EXPORTERS: dict[str, Exporter] = {
    "json": json_file,
    "svg": svg_file,
    "png": png_file,
}
"""Every format by its name, which is also the suffix of its files."""


def exporter(name: str) -> Exporter:
    """The exporter of a format by name; UnknownNameError lists those there are."""
    if name not in EXPORTERS:
        raise UnknownNameError("format", name, EXPORTERS)
    return EXPORTERS[name]
