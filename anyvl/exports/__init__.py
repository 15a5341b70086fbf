"""Found things to files of many formats by name (`EXPORTERS`), to other libraries' values, and an overlay for the eye.

An exporter takes instances, the frame of the picture they belong to and its file name, and returns the whole content of a file.
What a format cannot say (crossing rings, holes, overlapping parts) is brought into its form without changing a filled pixel
but by rounding (`anyvl.shapes`). Data sets of many pictures: `to_coco`, `to_coco_results`, `to_yolo` with `data_yaml`.
"""

from collections.abc import Callable, Sequence

from anyvl.errors import UnknownNameError
from anyvl.exports.coco import Pictured, categories_of, coco_file, to_coco, to_coco_results
from anyvl.exports.florence import florence_file, to_florence
from anyvl.exports.geojson import geojson_file, to_geojson
from anyvl.exports.json import json_file, to_json
from anyvl.exports.labelme import labelme_file, to_labelme
from anyvl.exports.overlay import overlay
from anyvl.exports.png import label_map, map_file, png_file
from anyvl.exports.points import point_overlay, to_points
from anyvl.exports.supervision import to_supervision
from anyvl.exports.svg import svg_file, to_svg
from anyvl.exports.yolo import data_yaml, to_yolo, yolo_file
from anyvl.values import Frame, Instance

__all__ = [
    "EXPORTERS",
    "Exporter",
    "Pictured",
    "categories_of",
    "data_yaml",
    "exporter",
    "label_map",
    "map_file",
    "overlay",
    "point_overlay",
    "to_coco",
    "to_coco_results",
    "to_florence",
    "to_geojson",
    "to_json",
    "to_labelme",
    "to_points",
    "to_supervision",
    "to_svg",
    "to_yolo",
]

Exporter = Callable[[Sequence[Instance], Frame, str], bytes]

EXPORTERS: dict[str, Exporter] = {
    "json": json_file,
    "coco": coco_file,
    "yolo": yolo_file,
    "labelme": labelme_file,
    "geojson": geojson_file,
    "florence": florence_file,
    "svg": svg_file,
    "png": png_file,
}
"""Every format by its name."""


def exporter(name: str) -> Exporter:
    """The exporter of a format by name; UnknownNameError lists those there are."""
    if name not in EXPORTERS:
        raise UnknownNameError("format", name, EXPORTERS)
    return EXPORTERS[name]
