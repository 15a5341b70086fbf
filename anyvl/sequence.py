"""Training sequences: ids with the loss weight of predicting each, and their packing into rows of equal length."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32

from anyvl.errors import InputError


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenSequence:
    """Ids and, for each, the weight of the loss of predicting it from the ids before it (0 in a prompt)."""

    ids: Int32[np.ndarray, "token"]
    weights: Float32[np.ndarray, "token"]

    def __post_init__(self) -> None:
        if self.ids.shape != self.weights.shape or self.ids.ndim != 1:
            raise InputError(
                f"ids and weights are rows of equal length, but {self.ids.shape}, {self.weights.shape} came"
            )

    @classmethod
    def of(cls, ids: Iterable[int], weight: float) -> "TokenSequence":
        """The sequence of `ids`, all with the same weight.

        >>> TokenSequence.of([5, 6], 0.5).weights.tolist()
        [0.5, 0.5]
        """
        row = np.fromiter(ids, dtype=np.int32)
        return cls(ids=row, weights=np.full(row.shape, weight, dtype=np.float32))

    def __len__(self) -> int:
        return len(self.ids)


def concatenate(sequences: Iterable[TokenSequence]) -> TokenSequence:
    """One sequence of several, in order."""
    parts = [TokenSequence.of((), 0.0), *sequences]
    return TokenSequence(
        ids=np.concatenate([part.ids for part in parts]),
        weights=np.concatenate([part.weights for part in parts]),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class PackedRows:
    """Sequences packed into rows: attention stays within equal `segments`, `positions` restart at 0 with each.

    `segments` count from 1 within a row; 0 is padding. The first id of a sequence has no id before it to be predicted
    from, so its weight is 0 here whatever it was.
    """

    ids: Int32[np.ndarray, "row token"]
    weights: Float32[np.ndarray, "row token"]
    positions: Int32[np.ndarray, "row token"]
    segments: Int32[np.ndarray, "row token"]


def pack(sequences: Iterable[TokenSequence], length: int, pad_id: int) -> PackedRows:
    """Packs sequences into as few rows of `length` ids as first-fit-decreasing finds (Johnson 1973).

    Deterministic: longest first, ties in the order given. Empty sequences vanish. InputError for a sequence longer
    than `length`.

    >>> rows = pack([TokenSequence.of([1, 2], 1.0), TokenSequence.of([3, 4, 5], 1.0)], length=5, pad_id=0)
    >>> rows.ids.tolist(), rows.segments.tolist(), rows.positions.tolist()
    ([[3, 4, 5, 1, 2]], [[1, 1, 1, 2, 2]], [[0, 1, 2, 0, 1]])
    """
    ordered = sorted((sequence for sequence in sequences if len(sequence)), key=len, reverse=True)
    if ordered and len(ordered[0]) > length:
        raise InputError(
            f"a sequence of {len(ordered[0])} ids does not fit in a row of {length}: "
            f"shorten it or pack rows of at least {len(ordered[0])}"
        )
    free = np.full(len(ordered), length)  # one row a sequence always suffices
    rows: list[list[TokenSequence]] = []
    for sequence in ordered:
        row = int(np.argmax(free >= len(sequence)))
        free[row] -= len(sequence)
        if row == len(rows):
            rows.append([])
        rows[row].append(sequence)

    packed = PackedRows(
        ids=np.full((len(rows), length), pad_id, dtype=np.int32),
        weights=np.zeros((len(rows), length), dtype=np.float32),
        positions=np.zeros((len(rows), length), dtype=np.int32),
        segments=np.zeros((len(rows), length), dtype=np.int32),
    )
    for row, members in enumerate(rows):
        start = 0
        for segment, sequence in enumerate(members, start=1):
            span = slice(start, start + len(sequence))
            packed.ids[row, span] = sequence.ids
            packed.weights[row, span] = sequence.weights
            packed.weights[row, start] = 0.0
            packed.positions[row, span] = np.arange(len(sequence))
            packed.segments[row, span] = segment
            start = span.stop
    return packed
