"""Instances as one JSON object: plain lists and numbers in pixels of the original picture, nothing rounded."""

import json
from collections.abc import Sequence
from typing import Any

from anyvl.values import Frame, Instance, Ring


def to_json(instances: Sequence[Instance], frame: Frame) -> dict[str, Any]:
    """The object that `--json` prints: coordinates are px of the original, points (x, y), boxes (x0, y0, x1, y1).

    >>> from anyvl.values import Box
    >>> fox = Instance(label="fox", score=0.5, box=Box(1, 2, 3, 4), frame=Frame(height=6, width=9))
    >>> to_json([fox], fox.frame)["image"]
    {'width': 9, 'height': 6}
    >>> to_json([fox], fox.frame)["instances"]
    [{'label': 'fox', 'score': 0.5, 'box': [1.0, 2.0, 3.0, 4.0], 'polygons': []}]
    """
    return {
        "image": {"width": frame.width, "height": frame.height},
        "instances": [
            {
                "label": instance.label,
                "score": float(instance.score),
                "box": [float(side) for side in instance.bounds.as_tuple()],
                "polygons": [
                    {"exterior": _points(polygon.exterior), "holes": [_points(hole) for hole in polygon.holes]}
                    for polygon in instance.polygons
                ],
            }
            for instance in instances
        ],
    }


def json_file(instances: Sequence[Instance], frame: Frame, file_name: str = "") -> bytes:
    """`to_json` as one line of UTF-8, ended by a line feed."""
    return (json.dumps(to_json(instances, frame), ensure_ascii=False) + "\n").encode()


def _points(ring: Ring) -> list[list[float]]:
    return [[float(x), float(y)] for x, y in ring]
