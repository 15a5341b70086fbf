"""Metrics: pure functions of values; no model, and no torch until one needs it."""

from anyvl.metrics.box_precision import average_precision
from anyvl.metrics.calibration import calibration_error, fitted_temperature
from anyvl.metrics.feature_distance import feature_distances
from anyvl.metrics.mask_overlap import union_iou
from anyvl.metrics.matching import all_matched, matched
from anyvl.metrics.pixel_error import psnr
from anyvl.metrics.text_facts import f1

__all__ = [
    "all_matched",
    "average_precision",
    "calibration_error",
    "f1",
    "feature_distances",
    "fitted_temperature",
    "matched",
    "psnr",
    "union_iou",
]
