"""Agreement of two sets of facts."""

from collections.abc import Collection, Hashable


def f1(found: Collection[Hashable], true: Collection[Hashable]) -> float:
    """Harmonic mean of precision and recall of a set of facts; 1 when both are empty."""
    found, true = set(found), set(true)
    return 1.0 if not found and not true else 2 * len(found & true) / (len(found) + len(true))
