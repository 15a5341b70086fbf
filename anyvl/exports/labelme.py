"""labelme: a JSON file beside a picture, whose shapes one can go on editing by hand."""

import json
from collections.abc import Sequence
from typing import Any

from anyvl.shapes import one_ring, simple_parts
from anyvl.values import Frame, Instance

_VERSION = "5.5.0"
"""The version of labelme whose format this is."""


def to_labelme(instances: Sequence[Instance], frame: Frame, file_name: str = "") -> dict[str, Any]:
    """Polygons, one shape a part, parts of one instance tied by a `group_id`; rectangles where there are boxes alone.

    labelme's polygons have no holes: a hole is joined to its outer ring by a bridge without width. Scores stand in `description`.
    file_name: of the picture, as seen from where the file will lie. A shape without area is left out.
    """
    shapes: list[dict[str, Any]] = []
    for number, instance in enumerate(instances, start=1):
        parts = [one_ring(part.rings) for part in simple_parts(instance.polygons, instance.frame)]
        x0, y0, x1, y1 = instance.bounds.as_tuple()
        for points in parts if instance.polygons else [((x0, y0), (x1, y1))]:
            shapes.append(
                {
                    "label": instance.label,
                    "points": [[x, y] for x, y in points],
                    "group_id": number if len(parts) > 1 else None,
                    "description": f"score {instance.score:.4f}",
                    "shape_type": "polygon" if parts else "rectangle",
                    "flags": {},
                    "mask": None,
                }
            )
    return {
        "version": _VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": file_name,
        "imageData": None,
        "imageHeight": frame.height,
        "imageWidth": frame.width,
    }


def labelme_file(instances: Sequence[Instance], frame: Frame, file_name: str = "") -> bytes:
    """`to_labelme` as a file."""
    return (json.dumps(to_labelme(instances, frame, file_name), ensure_ascii=False, indent=2) + "\n").encode()
