"""Times that can be compared: two things one after the other, again and again, and the ratio of each pair."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured figure: value and unit, the same from the lowest to the highest round, and what it was made of."""

    name: str
    value: float
    unit: str
    low: float
    high: float
    note: str = ""


def seconds(work: Callable[[], object]) -> float:
    """How long it took, once."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median_seconds(work: Callable[[], object], rounds: int = 20) -> float:
    """The median of several rounds, after three that do not count."""
    for _ in range(3):
        work()
    return statistics.median(seconds(work) for _ in range(rounds))


def ratio(name: str, ours: Callable[[], object], theirs: Callable[[], object], rounds: int, note: str = "") -> Figure:
    """How many times as long theirs takes: the median over rounds of theirs and ours, one after the other, warmed up."""
    ours(), theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    ratios = sorted(their / our for our, their in pairs)
    times = [1000 * statistics.median(column) for column in zip(*pairs, strict=True)]
    described = f"{times[0]:.4g} ms against {times[1]:.4g} ms" + (f"; {note}" if note else "")
    return Figure(name=name, value=statistics.median(ratios), unit="x", low=ratios[0], high=ratios[-1], note=described)


def plain(name: str, value: float, unit: str, note: str = "") -> Figure:
    """A figure that is no ratio of times."""
    return Figure(name=name, value=value, unit=unit, low=value, high=value, note=note)
