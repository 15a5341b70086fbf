"""Scores with what they must be read beside: the ceiling that the codec allows and the floor that no skill reaches."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Score:
    """One figure of an evaluation over `count` items.

    low, high: 95 % bootstrap interval of the mean. ceiling: the same figure for the truth sent through the codecs; floor: for
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


def score(
    name: str,
    values: Sequence[float],
    *,
    ceiling: Sequence[float] | None = None,
    floor: Sequence[float] | None = None,
    note: str = "",
) -> Score:
    """The mean of one value an item, with its interval (1,000 resamplings, fixed seed)."""
    row = np.asarray(values, float)
    assert row.size, f"nothing to score for {name}"
    picks = np.random.default_rng(0).integers(row.size, size=(1000, row.size))
    low, high = np.percentile(row[picks].mean(1), (2.5, 97.5))
    return Score(
        name=name,
        value=float(row.mean()),
        low=float(low),
        high=float(high),
        count=row.size,
        ceiling=None if ceiling is None else float(np.mean(ceiling)),
        floor=None if floor is None else float(np.mean(floor)),
        note=note,
    )
