"""GeoJSON: one feature an instance, for maps, QGIS and microscopy tools."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from anyvl.shapes import simple_parts
from anyvl.values import Frame, Instance, Polygon

Affine = tuple[float, float, float, float, float, float]
_PIXELS: Affine = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def to_geojson(instances: Sequence[Instance], frame: Frame, transform: Affine = _PIXELS) -> dict[str, Any]:
    """A FeatureCollection of Polygons and MultiPolygons (RFC 7946: closed rings, outer ones counter-clockwise, holes clockwise).

    transform: (a, b, c, d, e, f) for X = a x + b y + c, Y = d x + e y + f of a pixel position (x, y), in the order of rasterio;
    without it positions are pixels of the picture, y down. A shape without area has no geometry (null). Labels, scores and boxes
    (in pixels) are properties.
    """
    features = []
    for instance in instances:
        x0, y0, x1, y1 = instance.bounds.as_tuple()
        parts = simple_parts(instance.polygons or [Polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1)))], instance.frame)
        shapes = [_rings(part, transform) for part in parts]
        geometry: dict[str, Any] | None = {"type": "MultiPolygon", "coordinates": shapes}
        if len(shapes) <= 1:
            geometry = {"type": "Polygon", "coordinates": shapes[0]} if shapes else None
        properties = {"label": instance.label, "score": float(instance.score), "box": [x0, y0, x1, y1]}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


def geojson_file(instances: Sequence[Instance], frame: Frame, file_name: str = "") -> bytes:
    """`to_geojson` in pixels as a file."""
    return (json.dumps(to_geojson(instances, frame), ensure_ascii=False) + "\n").encode()


def _rings(part: Polygon, transform: Affine) -> list[list[list[float]]]:
    a, b, c, d, e, f = transform
    # Parts come counter-clockwise in a frame of which y runs up; a transform that mirrors turns them round.
    onward = 1 if a * e - b * d > 0 else -1
    closed = [np.asarray([*ring, ring[0]])[::onward] for ring in part.rings]
    return [(ring @ np.array([[a, d], [b, e]]) + (c, f)).tolist() for ring in closed]
