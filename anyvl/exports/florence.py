"""The dict that Florence-2's processor returns, so that code written for it reads our answers too."""

import json
from collections.abc import Sequence
from typing import Any

from anyvl.shapes import one_ring, simple_parts
from anyvl.values import Frame, Instance


def to_florence(instances: Sequence[Instance], frame: Frame, task: str | None = None) -> dict[str, dict[str, Any]]:
    """`{task: {"polygons": [instance][part][x, y, x, y, ...], "labels": [...]}}`, or "bboxes" where all are boxes alone.

    task: the key, by default "<REFERRING_EXPRESSION_SEGMENTATION>" or "<OD>". Positions are pixels of the picture. The format
    has no holes: they are joined to the outer ring by bridges without width; scores stand beside the labels.
    """
    labels = [instance.label for instance in instances]
    scores = [float(instance.score) for instance in instances]
    boxes = [list(map(float, instance.bounds.as_tuple())) for instance in instances]
    if not any(instance.polygons for instance in instances):
        return {task or "<OD>": {"bboxes": boxes, "labels": labels, "scores": scores}}
    polygons = []
    for instance, (x0, y0, x1, y1) in zip(instances, boxes, strict=True):
        rings = [one_ring(part.rings) for part in simple_parts(instance.polygons)]
        rings = rings or [((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
        polygons.append([[side for point in ring for side in point] for ring in rings])
    key = task or "<REFERRING_EXPRESSION_SEGMENTATION>"
    return {key: {"polygons": polygons, "labels": labels, "scores": scores}}


def florence_file(instances: Sequence[Instance], frame: Frame, file_name: str = "") -> bytes:
    """`to_florence` as a file."""
    return (json.dumps(to_florence(instances, frame), ensure_ascii=False) + "\n").encode()
