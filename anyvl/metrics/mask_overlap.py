"""Overlap of masks at the picture's own size."""

from collections.abc import Sequence

import numpy as np

from anyvl.errors import InputError
from anyvl.values import Frame, Instance


def union_iou(found: Sequence[Instance], true: Sequence[Instance], frame: Frame) -> float:
    """Intersection over union of the two unions of masks, in pixels of the frame; 1 when both are empty."""
    one, other = (_union(instances, frame) for instances in (found, true))
    either = np.logical_or(one, other).sum()
    return 1.0 if either == 0 else float(np.logical_and(one, other).sum() / either)


def _union(instances: Sequence[Instance], frame: Frame) -> np.ndarray:
    mask = np.zeros((frame.height, frame.width), dtype=bool)
    for instance in instances:
        if instance.frame != frame:
            raise InputError(f"masks of one picture are compared, but {instance.frame} came for {frame}")
        mask |= instance.mask()
    return mask
