"""Rings, boxes and masks in pixels: x to the right, y down, a pixel's centre at +0.5.

A ring is any (vertex, 2) array, list or tuple of points (x, y); it closes by itself. What is returned
as a ring is a tuple of (x, y) tuples.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import shapely
from jaxtyping import Bool, Float

from anyvl.errors import InputError

Points = np.ndarray | Sequence[Any]  # (point, 2): an array, or pairs in lists or tuples
Ring = tuple[tuple[float, float], ...]
BoxTuple = tuple[float, float, float, float]


def rasterise(rings_px: Iterable[Points], height: int, width: int) -> Bool[np.ndarray, "height width"]:
    """The pixels whose centre lies inside the rings together, by the even-odd rule (so a hole is just another ring).

    A centre exactly on an edge belongs to the right (lower) side, so that shapes with a common edge tile the plane.

    >>> rasterise([[(1, 0), (3, 0), (3, 1), (1, 1)]], height=2, width=4).astype(int).tolist()
    [[0, 1, 1, 0], [0, 0, 0, 0]]
    """
    # How often filling flips at the left of each pixel centre: only whether that is odd matters, so it may wrap around.
    flips = np.zeros((height, width + 1), dtype=np.uint8)
    for ring in rings_px:
        start = _array(ring)
        end = np.roll(start, -1, axis=0)
        # Rows whose centre lies between the two ends of an edge; the half-open span counts a vertex once.
        low, high = np.sort(np.stack([start[:, 1], end[:, 1]]), axis=0)
        first_row = np.clip(np.ceil(low - 0.5), 0, height).astype(np.int64)
        stop_row = np.clip(np.ceil(high - 0.5), 0, height).astype(np.int64)
        count = stop_row - first_row
        edge = np.repeat(np.arange(len(start)), count)
        row = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first_row[edge]
        (x_start, y_start), (x_end, y_end) = start[edge].T, end[edge].T
        x = x_start + (row + 0.5 - y_start) * (x_end - x_start) / (y_end - y_start)
        np.add.at(flips, (row, np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)), 1)
    return (np.cumsum(flips, axis=1, dtype=np.uint8)[:, :width] & 1).view(bool)


def ring_area(ring: Points) -> float:
    """The signed area of a ring in square pixels: positive when it runs clockwise on the screen.

    >>> ring_area([(0, 0), (2, 0), (2, 1), (0, 1)])
    2.0
    """
    points = _array(ring)
    points = points - points[0]  # near the origin less is lost to rounding
    following = np.roll(points, -1, axis=0)
    return float((points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1]).sum() / 2)


def clockwise_from_top_left(ring: Points) -> Ring:
    """The same ring, clockwise on the screen, from its top-left vertex: smallest y, of these the smallest x.

    >>> clockwise_from_top_left([(0, 1), (2, 1), (2, 0), (0, 0)])
    ((0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (0.0, 1.0))
    """
    points = _array(ring)
    if ring_area(points) < 0:
        points = points[::-1]
    top_left = int(np.lexsort((points[:, 0], points[:, 1]))[0])
    return _ring(np.roll(points, -top_left, axis=0))


def box_of(points: Points) -> BoxTuple:
    """The smallest upright box (x0, y0, x1, y1) around points; flat when they are."""
    array = _array(points, at_least=1)
    x0, y0 = array.min(axis=0)
    x1, y1 = array.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def box_iou(first: BoxTuple, second: BoxTuple) -> float:
    """Intersection over union of two boxes (x0, y0, x1, y1).

    >>> box_iou((0.0, 0.0, 2.0, 1.0), (1.0, 0.0, 3.0, 1.0)) == 1 / 3
    True
    """
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    overlap = max(width, 0.0) * max(height, 0.0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return overlap / (areas - overlap) if areas > overlap else 0.0


def mask_iou(first: Bool[np.ndarray, "height width"], second: Bool[np.ndarray, "height width"]) -> float:
    """Intersection over union of two masks; 1 when both are empty (they agree)."""
    union = int((first | second).sum())
    return int((first & second).sum()) / union if union else 1.0


def simplify_ring(ring: Points, at_most: int) -> Ring:
    """The ring with at most `at_most` (≥ 3) of its vertices, chosen so that the filled shape changes little.

    Tries Douglas-Peucker (1973) with the smallest tolerance that suffices and Visvalingam-Whyatt (1993), and keeps the
    one of higher IoU with the original. Order and direction stay.
    """
    if at_most < 3:
        raise InputError(f"a ring keeps at least three vertices, but at most {at_most} were asked for")
    points = _array(ring)
    if len(points) <= at_most:
        return _ring(points)
    candidates = [_visvalingam(points, at_most)]
    peucker = _douglas_peucker(points, at_most)
    if peucker is not None:
        candidates.append(peucker)
    shape = filled(points)
    return _ring(max(candidates, key=lambda candidate: _shape_iou(shape, filled(candidate))))


def _visvalingam(points: Float[np.ndarray, "vertex 2"], at_most: int) -> Float[np.ndarray, "kept 2"]:
    """Drops again and again the vertex whose triangle with its two neighbours is smallest."""
    count = len(points)
    before, after = np.roll(np.arange(count), 1), np.roll(np.arange(count), -1)

    def triangle(vertex: int) -> float:
        (ax, ay), (bx, by), (cx, cy) = points[before[vertex]], points[vertex], points[after[vertex]]
        return abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2

    areas = np.array([triangle(vertex) for vertex in range(count)])
    for _ in range(count - at_most):
        dropped = int(np.argmin(areas))
        area = areas[dropped]
        areas[dropped] = np.inf
        left, right = before[dropped], after[dropped]
        after[left], before[right] = right, left
        for neighbour in (
            int(left),
            int(right),
        ):  # never smaller than what was dropped, or slow spirals would vanish first
            areas[neighbour] = max(triangle(neighbour), area)
    return points[np.isfinite(areas)]


def _douglas_peucker(points: Float[np.ndarray, "vertex 2"], at_most: int) -> Float[np.ndarray, "kept 2"] | None:
    """The finest Douglas-Peucker simplification within the cap, found by bisection; None when there is none."""
    line = shapely.LinearRing(points)
    x0, y0, x1, y1 = box_of(points)
    low, high, best = 0.0, max(x1 - x0, y1 - y0, 1e-9), None
    for _ in range(24):
        middle = (low + high) / 2
        kept = np.array(line.simplify(middle).coords)[:-1]
        if 3 <= len(kept) <= at_most:
            best, high = kept, middle
        elif len(kept) > at_most:
            low = middle
        else:
            high = middle
    return best


def filled(points: Float[np.ndarray, "vertex 2"]) -> shapely.Geometry:
    """What a ring fills, as a valid shape of polygons alone; empty when it holds no area."""
    return shapely.make_valid(shapely.Polygon(points), method="structure", keep_collapsed=False)


def _shape_iou(first: shapely.Geometry, second: shapely.Geometry) -> float:
    if first.is_empty or second.is_empty:
        return 0.0
    # On a grid, however fine, overlays of edges that nearly meet cannot fail.
    extent = max(map(abs, (*first.bounds, *second.bounds)))
    common = shapely.intersection(first, second, grid_size=extent * 1e-12).area
    return common / (first.area + second.area - common)


def _array(points: Points, at_least: int = 3) -> Float[np.ndarray, "vertex 2"]:
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or len(array) < at_least or not np.isfinite(array).all():
        raise InputError(f"at least {at_least} finite points (x, y) are needed, but an array of {array.shape} came")
    return array


def _ring(points: Float[np.ndarray, "vertex 2"]) -> Ring:
    return tuple((float(x), float(y)) for x, y in points)
