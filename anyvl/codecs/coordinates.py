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
    return np.asarray(np.clip(np.rint(np.asarray(unit) * (bins - 1)), 0, bins - 1), dtype=np.int64)


def dequantise(bins_at: ArrayLike, bins: int) -> Float[np.ndarray, "..."]:
    """The unit position of each bin."""
    return np.asarray(np.asarray(bins_at) / (bins - 1), dtype=np.float64)


def px_to_fine_bins(points_px: ArrayLike, bins: int, frame: Frame) -> Float[np.ndarray, "point 2"]:
    """Points (x, y) measured in bins, before rounding; InputError when one is not a number."""
    points = np.asarray(points_px, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise InputError(
            f"coordinates are finite numbers, but {points[~np.isfinite(points).all(axis=1)][0].tolist()} came"
        )
    return points / (frame.width, frame.height) * (bins - 1)


def extent_to_bins(
    near: Float[np.ndarray, "axis"], far: Float[np.ndarray, "axis"], bins: int
) -> tuple[Int[np.ndarray, "axis"], Int[np.ndarray, "axis"]]:
    """The bins of both ends of an extent (given in bins before rounding, near ≤ far), at least one apart on every axis.

    Where both ends fall into one bin, the one that is nearer to its other neighbour goes there.

        9.8 to 9.9 of 101 bins  ->  9, 10        10.1 to 10.2  ->  10, 11
    """
    near_bin, far_bin = (np.clip(np.rint(end), 0, bins - 1).astype(np.int64) for end in (near, far))
    flat = near_bin == far_bin
    upwards = (near + far > 2 * near_bin) & (near_bin < bins - 1) | (near_bin == 0)
    return near_bin - (flat & ~upwards), far_bin + (flat & upwards)


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
