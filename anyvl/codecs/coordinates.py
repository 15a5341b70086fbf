"""Coordinates: between positions in a picture and the bins that stand for them.

A position is divided by the picture's width or height (`_unit`, 0 to 1 from outer edge to outer edge) and rounded to
one of `bins` equally spaced values that include both edges: bin = round(unit * (bins - 1)), unit = bin / (bins - 1). So
the error is at most half a bin, `0.5 / (bins - 1)` of the side.

    100 px in a picture 400 px wide, 1000 bins:  unit 0.25  ->  bin 250  ->  unit 0.25025  ->  100.1 px
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from anyvl.errors import InputError
from anyvl.values import Frame
from anyvl.vocabulary import Vocabulary


def quantise(unit: ArrayLike, bins: int) -> Int[np.ndarray, "..."]:
    """The nearest bin (0 to bins-1) of each unit position; positions outside 0 to 1 go to the nearest edge."""
    return np.clip(np.rint(np.asarray(unit, dtype=np.float64) * (bins - 1)), 0, bins - 1).astype(np.int64)


def dequantise(bins_at: ArrayLike, bins: int) -> Float[np.ndarray, "..."]:
    """The unit position of each bin."""
    return np.asarray(bins_at, dtype=np.float64) / (bins - 1)


def px_to_fine_bins(points_px: ArrayLike, bins: int, frame: Frame) -> Float[np.ndarray, "point 2"]:
    """Points (x, y) measured in bins, before rounding; InputError when one is not a number."""
    points = np.asarray(points_px, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise InputError(
            f"coordinates are finite numbers, but {points[~np.isfinite(points).all(axis=1)][0].tolist()} came"
        )
    return points / (frame.width, frame.height) * (bins - 1)


def bins_to_px(points_bin: ArrayLike, bins: int, frame: Frame) -> Float[np.ndarray, "point 2"]:
    """Points (x, y) of bins in pixels of the frame."""
    return dequantise(points_bin, bins).reshape(-1, 2) * (frame.width, frame.height)


def encode_points(points_px: ArrayLike, vocabulary: Vocabulary, frame: Frame) -> list[int]:
    """The ids x y x y ... of points (x, y) in pixels of the frame; points outside it go to its edge."""
    bins = vocabulary.coordinate_bins
    points_bin = quantise(px_to_fine_bins(points_px, bins, frame) / (bins - 1), bins)
    return [vocabulary.coordinate(bin_) for bin_ in points_bin.ravel().tolist()]


def decode_points(ids: Sequence[int], vocabulary: Vocabulary, frame: Frame) -> Float[np.ndarray, "point 2"]:
    """The points (x, y), in pixels of the frame, of coordinate ids x y x y ..."""
    bins = [vocabulary.bin(coordinate_id) for coordinate_id in ids]
    return bins_to_px(bins, vocabulary.coordinate_bins, frame)
