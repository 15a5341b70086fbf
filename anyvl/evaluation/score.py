"""Scores with what they must be read beside: the ceiling that the codec allows and the floor that no skill reaches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from PIL import Image

from anyvl.errors import ConfigError

_T = TypeVar("_T")


_SHOWN = 6
"""Exhibits kept of the best items, of the worst, and of random ones."""


@dataclass(frozen=True, eq=False)
class Exhibit:
    """One item to look at: the picture with what was answered, in words what was asked and said, and what it scored."""

    picture: Image.Image
    words: str
    value: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class Score:
    """One figure of an evaluation over `count` items.

    low, high: 95 % bootstrap interval. ceiling: the same figure for the truth sent through the codecs; floor: for
    answers to another item's question (or a copy of the input); None where there is none. exhibits: items to look at under
    "best", "worst" and "random".
    """

    name: str
    value: float
    low: float
    high: float
    count: int
    ceiling: float | None = None
    floor: float | None = None
    note: str = ""
    exhibits: Mapping[str, tuple[Exhibit, ...]] = field(default_factory=dict, repr=False, compare=False)


def of_another(values: Sequence[_T], sizes: Sequence[object]) -> list[_T]:
    """For each item the value of another item of the same size: what a floor is made of; ConfigError where there is no other.

    >>> of_another(["a", "b", "c", "d"], [(2, 2), (3, 2), (2, 2), (3, 2)])
    ['c', 'd', 'a', 'b']
    """
    turned = list(values)
    for size in dict.fromkeys(sizes):
        members = [place for place, own in enumerate(sizes) if own == size]
        if len(members) == 1:
            raise ConfigError(
                f"a floor needs two items of every size, but only one of {size} is there: raise the count"
            )
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
    exhibits: Sequence[Exhibit] = (),
) -> Score:
    """The mean (or another statistic) of one value an item, with its interval (1,000 resamplings, fixed seed).

    exhibits: one an item, or none; the best, the worst and random ones are kept.
    """
    row = np.asarray(values, float)
    if not row.size:
        raise ConfigError(f"there is nothing to score for {name}: raise the count")
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
        exhibits=_chosen(exhibits, row) if exhibits else {},
    )


def _chosen(exhibits: Sequence[Exhibit], values: np.ndarray) -> dict[str, tuple[Exhibit, ...]]:
    """Ties are broken at random (fixed seed), or the first scenes would stand for all."""
    mixed = np.random.default_rng(1).permutation(len(values))
    rising = mixed[np.argsort(values[mixed], kind="stable")]
    return {
        title: tuple(replace(exhibits[i], value=float(values[i])) for i in order[:_SHOWN])
        for title, order in (("best", rising[::-1]), ("worst", rising), ("random", np.sort(mixed[-_SHOWN:])))
    }
