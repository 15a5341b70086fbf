"""Metrics: pure functions of values; no model, no torch."""

from anyvl.metrics.box_precision import average_precision
from anyvl.metrics.mask_overlap import union_iou
from anyvl.metrics.text_facts import f1

__all__ = ["average_precision", "f1", "union_iou"]
