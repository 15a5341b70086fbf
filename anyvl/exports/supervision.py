"""`supervision.Detections`, for its annotators, trackers and data sets (extra `supervision`)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from anyvl.errors import MissingExtraError
from anyvl.exports.yolo import class_names, class_number
from anyvl.values import Frame, Instance


def to_supervision(instances: Sequence[Instance], frame: Frame, names: Sequence[str] | None = None) -> Any:
    """Instances as `supervision.Detections`: boxes in px, masks where one has polygons, scores, class numbers and names.

    names: labels by class number, in alphabetical order if None. MissingExtraError without the package.
    """
    try:
        import supervision
    except ImportError:
        raise MissingExtraError("supervision.Detections", "supervision", "supervision") from None
    if not instances:
        return supervision.Detections.empty()
    known = class_names(instances) if names is None else list(names)
    classes = [class_number(instance, known) for instance in instances]
    outlined = any(instance.polygons for instance in instances)
    return supervision.Detections(
        xyxy=np.array([instance.bounds.as_tuple() for instance in instances], np.float32),
        mask=np.stack([instance.mask() for instance in instances]) if outlined else None,
        confidence=np.array([instance.score for instance in instances], np.float32),
        class_id=np.array(classes),
        data={"class_name": np.array([instance.label for instance in instances])},
    )
