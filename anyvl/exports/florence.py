"""The dict that Florence-2's processor returns, so that code written for it reads our answers too."""

import json
from collections.abc import Sequence
from typing import Any

from anyvl.errors import UnknownNameError
from anyvl.shapes import one_ring, simple_parts
from anyvl.values import Frame, Instance

_OUTLINED = ("<REFERRING_EXPRESSION_SEGMENTATION>", "<REGION_TO_SEGMENTATION>")
_BOXED = ("<OD>", "<DENSE_REGION_CAPTION>", "<OPEN_VOCABULARY_DETECTION>", "<CAPTION_TO_PHRASE_GROUNDING>")


def to_florence(instances: Sequence[Instance], frame: Frame, task: str | None = None) -> dict[str, dict[str, Any]]:
    """`{task: {"polygons": [instance][part][x, y, x, y, ...], "labels": [...]}}`; of tasks that box things, "bboxes" instead.

    task: one of Florence-2's; by default "<REFERRING_EXPRESSION_SEGMENTATION>" where an instance has polygons, else "<OD>".
    Positions are pixels of the picture. The format has no holes: they are joined to the outer ring by bridges without width;
    scores stand beside the labels. UnknownNameError for a task that neither outlines nor boxes.
    """
    key = task or (_OUTLINED if any(instance.polygons for instance in instances) else _BOXED)[0]
    labels = [instance.label for instance in instances]
    scores = [float(instance.score) for instance in instances]
    boxes = [list(map(float, instance.bounds.as_tuple())) for instance in instances]
    if key in _BOXED:
        return {key: {"bboxes": boxes, "labels": labels, "scores": scores}}
    if key not in _OUTLINED:
        raise UnknownNameError("task of Florence-2 that finds things", key, (*_OUTLINED, *_BOXED))
    polygons = []
    for instance, (x0, y0, x1, y1) in zip(instances, boxes, strict=True):
        rings = [one_ring(part.rings) for part in simple_parts(instance.polygons, instance.frame)]
        if not instance.polygons:
            rings = [((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
        polygons.append([[side for point in ring for side in point] for ring in rings])
    return {key: {"polygons": polygons, "labels": labels, "scores": scores}}


def florence_file(instances: Sequence[Instance], frame: Frame, file_name: str = "") -> bytes:
    """`to_florence` as a file."""
    return (json.dumps(to_florence(instances, frame), ensure_ascii=False) + "\n").encode()
