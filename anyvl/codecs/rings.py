"""Rings of whole bins: from any ring in pixels to one that the ring rules of the grammar allow.

A ring of bins has at least three vertices, neighbours differ (the last and the first too), the first three do not lie on a
line, and the first vertex comes only once. It runs clockwise on the screen from the top-left vertex (of those that come only
once). There are two ways to fewer vertices: those that matter most, none of them on a line with its two neighbours, for
regions; and equal steps along the ring, for outlines of things.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import shapely
from jaxtyping import Float
from numpy.typing import ArrayLike

from anyvl.codecs.coordinates import extent_to_bins, px_to_fine_bins
from anyvl.geometry import filled, simplify_ring
from anyvl.values import Box, Frame

BinRing = tuple[tuple[int, int], ...]
_Tidy = Callable[[list[tuple[int, int]]], list[tuple[int, int]]]

_ROUNDING = 1e-6
"""Bins beyond an edge that are rounding errors, not outside."""

_DIGITS = 6
"""Decimals of a bin that are kept: vertices closer than that, 1e-29 bins apart say, would divide by nothing later."""

_MARGIN = 0.55
"""Bins added on both sides of a ring thinner than a bin: just over half a one, so that its sides round apart."""


def ring_to_bins(ring_px: ArrayLike, most: int, bins: int, frame: Frame, *, keep: bool) -> BinRing:
    """A ring of at most `most` (≥ 4) vertices in bins; empty when nothing of it lies inside the frame.

    A ring that vanishes between bins, or loses an end there, is made one bin thick when `keep` is set (outer rings;
    loops that a line so thin runs are filled). Holes (`keep` not set) become empty.

        ring_to_bins([(10, 20), (50, 20), (50, 20.1), (10, 20.1)], 24, 101, Frame(100, 100), keep=True)
            == ((10, 20), (50, 20), (50, 21), (10, 21))
    """
    fine = np.round(cut_at_edges(np.round(px_to_fine_bins(ring_px, bins, frame), _DIGITS), bins - 1), _DIGITS)
    if len(fine) == 0:
        return ()
    # Simplified in pixels, where distances mean the same along both axes.
    bin_px = np.array([frame.width, frame.height]) / (bins - 1)
    fine = np.clip(np.asarray(simplify_ring(fine * bin_px, most)) / bin_px, 0, bins - 1)
    return _in_bins(fine, most, bins, _without_straight_vertices, keep=keep)


def outline_to_bins(ring_px: ArrayLike, most: int, bins: int, box: Box, *, keep: bool) -> BinRing:
    """A ring of at most `most` (≥ 4) vertices in bins of a box, at which it is cut; empty when nothing of it lies inside.

    A ring of more vertices becomes one of equal steps (as in Pix2Seq v2, Chen et al. 2022): from a vertex the next one is
    found by following the edge, and how far it is has been said by the one before. `keep` as in `ring_to_bins`.

        outline_to_bins([(10, 20), (50, 20), (10, 60)], 24, 101, Box(10, 20, 50, 60), keep=True)
            == ((0, 0), (100, 0), (0, 100))
    """
    low, size = np.array([box.x0, box.y0]), np.array([box.x1 - box.x0, box.y1 - box.y0])
    bin_px = size / (bins - 1)
    points = np.round((np.asarray(ring_px, dtype=np.float64).reshape(-1, 2) - low) / bin_px, _DIGITS)
    fine = np.round(cut_at_edges(points, bins - 1), _DIGITS)
    if len(fine) == 0:
        return ()
    if len(fine) > most:
        # Rounded once more: with an even number of bins the middle of a side lies between two of them, and rounding errors
        # must not choose.
        fine = np.round(np.clip(_at_equal_steps(fine * bin_px, most) / bin_px, 0, bins - 1), _DIGITS)
    return _in_bins(fine, most, bins, _without_straight_start, keep=keep)


def _at_equal_steps(ring: Float[np.ndarray, "point 2"], most: int) -> Float[np.ndarray, "most 2"]:
    """So many points along a ring, from its top-left vertex on."""
    start = np.lexsort((ring[:, 0], ring[:, 1]))[0]
    closed = np.concatenate([ring[start:], ring[: start + 1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    places = np.arange(most) * along[-1] / most
    return np.stack([np.interp(places, along, closed[:, axis]) for axis in (0, 1)], axis=1)


def _in_bins(fine: Float[np.ndarray, "point 2"], most: int, bins: int, tidy: _Tidy, *, keep: bool) -> BinRing:
    """A ring of bins from one measured in them, thickened where it vanishes and `keep` is set."""
    rounded = _rounded(fine, bins, tidy)
    if not keep:
        return rounded
    line = shapely.LinearRing(fine)
    if rounded and (_reaches_as_far(rounded, fine) or not line.is_simple):
        return rounded
    if (np.rint(fine.min(axis=0)) < np.rint(fine.max(axis=0))).all():  # thin and slanted or bent: follow it
        outline = line.buffer(_MARGIN, join_style="mitre", mitre_limit=1.5).exterior.coords[:-1]
        thickened = _rounded(np.asarray(simplify_ring(np.asarray(outline), most)), bins, tidy)
        return thickened or _rounded(_splinter(fine, bins), bins, tidy)
    # Flat along an axis: its upright box, one bin thick where it has no thickness.
    low, high = extent_to_bins(fine.min(axis=0), fine.max(axis=0), bins)
    (x0, y0), (x1, y1) = low.tolist(), high.tolist()
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def _splinter(fine: Float[np.ndarray, "point 2"], bins: int) -> Float[np.ndarray, "3 2"]:
    """From one end of a slanted ring to the other and one bin aside: what is left where the frame cuts off all thickness."""
    apart = np.linalg.norm(fine[:, None] - fine[None], axis=-1)
    one, other = np.rint(fine[list(np.unravel_index(apart.argmax(), apart.shape))])
    aside = np.array([1.0 if other[0] < bins - 1 else -1.0, 0.0])
    return np.stack([one, other, other + aside])


def cut_at_edges(points: Float[np.ndarray, "point 2"], last: float) -> Float[np.ndarray, "kept 2"]:
    """A ring cut at the square from 0 to `last` (Sutherland and Hodgman 1974); empty when no area of it is inside.

    What was outside becomes runs along the edges, which hold no area under the even-odd rule.
    """
    if points.min() >= -_ROUNDING and points.max() <= last + _ROUNDING:
        return np.clip(points, 0, last)
    for axis in (0, 1):
        for sign, limit in ((1.0, 0.0), (-1.0, -last)):
            inside = points[:, axis] * sign >= limit
            kept: list[Float[np.ndarray, 2]] = []
            for place, point in enumerate(points):
                if inside[place] != inside[place - 1]:
                    before = points[place - 1]
                    share = (limit * sign - before[axis]) / (point[axis] - before[axis])
                    crossing = before + share * (point - before)
                    crossing[axis] = limit * sign
                    kept.append(crossing)
                if inside[place]:
                    kept.append(point)
            if len(kept) < 3:
                return np.empty((0, 2))
            points = np.array(kept)
    return points if filled(points).area > 0 else np.empty((0, 2))


def twice_area(ring: Sequence[tuple[int, int]]) -> int:
    """Twice the signed area by the shoelace formula: positive when the ring runs clockwise on the screen (y down)."""
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], *ring[:1]], strict=True))


def _rounded(fine: Float[np.ndarray, "point 2"], bins: int, tidy: _Tidy) -> BinRing:
    """The ring of nearest bins in standard form; empty when it vanishes."""
    vertices = [(x, y) for x, y in np.clip(np.rint(fine), 0, bins - 1).astype(int).tolist()]
    while ring := tidy(vertices):
        if twice_area(ring) < 0:
            ring.reverse()
        start = _start_of(ring)
        if start is not None:
            return (*ring[start:], *ring[:start])
        # Every vertex comes twice or more: what runs round twice holds nothing; keep the first round.
        vertices = ring[: ring.index(ring[0], 1)]
    return ()


def _without_straight_vertices(vertices: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ring without vertices on a line with their neighbours, spikes and repetitions; it fills the same area."""
    ring, place = list(vertices), 0
    checked = 0  # how many vertices in a row were found to be corners
    while len(ring) >= 3 and checked < len(ring):
        place %= len(ring)
        if _on_a_line(ring[place - 1], ring[place], ring[(place + 1) % len(ring)]):
            del ring[place]
            place, checked = place - 1, 0
        else:
            place, checked = place + 1, checked + 1
    return ring if len(ring) >= 3 else []


def _without_straight_start(vertices: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ring without repetitions, and from its top-left vertex on without what lies on a line with that and the next."""
    ring = list(vertices)
    while True:
        ring = [vertex for place, vertex in enumerate(ring) if vertex != ring[place - 1]]
        if len(_without_straight_vertices(ring)) < 3:
            return []
        start = _start_of(ring)
        if start is None:
            return ring
        ring = [*ring[start:], *ring[:start]]
        if twice_area(ring) < 0:
            ring = [ring[0], *ring[:0:-1]]
        if not _on_a_line(*ring[:3]):
            return ring
        del ring[1]  # what came twice may come once now, and be the start


def _start_of(ring: Sequence[tuple[int, int]]) -> int | None:
    """Where the top-left vertex of those that come once is; None where all come again."""
    seen = Counter(ring)
    single = [vertex for vertex in ring if seen[vertex] == 1]
    return ring.index(min(single, key=lambda vertex: (vertex[1], vertex[0]))) if single else None


def _on_a_line(one: tuple[int, int], two: tuple[int, int], three: tuple[int, int]) -> bool:
    (x0, y0), (x1, y1), (x2, y2) = one, two, three
    return (x1 - x0) * (y2 - y0) == (y1 - y0) * (x2 - x0)


def _reaches_as_far(ring: BinRing, fine: Float[np.ndarray, "point 2"]) -> bool:
    """Whether no end of the ring was lost for being thin: its box is that of the fine ring, to a bin."""
    corners = np.array(ring)
    return bool(
        (np.abs(corners.min(axis=0) - fine.min(axis=0)) <= 1).all()
        and (np.abs(corners.max(axis=0) - fine.max(axis=0)) <= 1).all()
    )
