"""Found boxes beside true ones."""

from collections.abc import Sequence

from anyvl.geometry import box_iou
from anyvl.values import Box


def matched(found: Sequence[Box], true: Sequence[Box], least_iou: float = 0.5) -> list[tuple[int, int]]:
    """Pairs (number of a found box, number of a true one) that overlap enough, best first, each box in one pair.

    >>> matched([Box(0, 0, 2, 2), Box(5, 5, 6, 6)], [Box(5, 5, 6, 6.2), Box(0, 0, 2, 3)])
    [(1, 0), (0, 1)]
    """
    pairs = [
        (box_iou(one.as_tuple(), other.as_tuple()), i, j) for i, one in enumerate(found) for j, other in enumerate(true)
    ]
    taken: list[tuple[int, int]] = []
    for iou, i, j in sorted(pairs, key=lambda pair: -pair[0]):
        if iou >= least_iou and all(i != a and j != b for a, b in taken):
            taken.append((i, j))
    return taken


def all_matched(found: Sequence[Box], true: Sequence[Box], least_iou: float = 0.5) -> bool:
    """Whether every found box is a true one and every true one is found."""
    return len(found) == len(true) == len(matched(found, true, least_iou))
