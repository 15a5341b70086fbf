"""Scores with what they must be read beside: the ceiling that the codec allows and the floor that no skill reaches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Score:
    """One figure of an evaluation over `count` items.

    low, high: 95 % bootstrap interval. ceiling: the same figure for the truth sent through the codecs; floor: for
    answers to another item's question (or a copy of the input); None where there is none.
    """

    name: str
    value: float
    low: float
    high: float
    count: int
    ceiling: float | None = None
    floor: float | None = None
    note: str = ""


def of_another(values: Sequence[_T], sizes: Sequence[object]) -> list[_T]:
    """For each item the value of another item of the same size: what a floor is made of.

    >>> of_another(["a", "b", "c", "d"], [(2, 2), (3, 2), (2, 2), (3, 2)])
    ['c', 'd', 'a', 'b']
    """
    turned = list(values)
    for size in dict.fromkeys(sizes):
        members = [place for place, own in enumerate(sizes) if own == size]
        for place, other in zip(members, [*members[1:], members[0]], strict=True):
            turned[place] = values[other]
    return turned


def score(
    name: str,
    values: Sequence[float],
    *,
    ceiling: Sequence[float] | None = None,
    floor: Sequence[float] | None = None,
    note: str = "",
    statistic: Callable[..., np.ndarray] = np.mean,
) -> Score:
    """The mean (or another statistic) of one value an item, with its interval (1,000 resamplings, fixed seed)."""
    row = np.asarray(values, float)
    assert row.size, f"nothing to score for {name}"
    picks = np.random.default_rng(0).integers(row.size, size=(1000, row.size))
    low, high = np.percentile(statistic(row[picks], axis=1), (2.5, 97.5))
    return Score(
        name=name,
        value=float(statistic(row)),
        low=float(low),
        high=float(high),
        count=row.size,
        ceiling=None if ceiling is None else float(np.mean(ceiling)),
        floor=None if floor is None else float(np.mean(floor)),
        note=note,
    )
