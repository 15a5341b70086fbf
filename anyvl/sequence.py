"""Training sequences: ids with the loss weight of predicting each, and the rows they are learnt in."""

from collections.abc import Iterable, Sequence
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
class TokenTree:
    """Sequences that begin alike, with their common beginning once: a trunk, and branches that see it and themselves.

    branches[t] is 0 in the trunk and k in the k-th branch; positions count along each sequence. Several questions about one
    picture then cost one picture. What is learnt is the same as from the sequences apart (but for the trunk's own loss, which
    counts once).
    """

    ids: Int32[np.ndarray, "token"]
    weights: Float32[np.ndarray, "token"]
    positions: Int32[np.ndarray, "token"]
    branches: Int32[np.ndarray, "token"]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, sequences: Iterable[TokenSequence]) -> "TokenTree":
        """The tree of one or more sequences; weights of the common beginning are those of the first.

        The last common id begins every branch, for what follows it is to be predicted from it.

        >>> tree = TokenTree.of([TokenSequence.of([7, 8, 1], 1.0), TokenSequence.of([7, 8, 2, 3], 1.0)])
        >>> tree.ids.tolist(), tree.branches.tolist(), tree.positions.tolist()
        ([7, 8, 1, 8, 2, 3], [0, 1, 1, 2, 2, 2], [0, 1, 2, 1, 2, 3])
        """
        members = list(sequences)
        shared = _shared(members)
        start = max(0, shared - 1) if len(members) > 1 else len(members[0])
        parts = [(member.ids[start:], member.weights[start:].copy()) for member in members] if len(members) > 1 else []
        for _, weights in parts[1:]:
            weights[: shared - start] = 0.0  # the first branch answers for what all have in common
        trunk = members[0]
        return cls(
            ids=np.concatenate([trunk.ids[:start], *(ids for ids, _ in parts)]),
            weights=np.concatenate([trunk.weights[:start], *(weights for _, weights in parts)]),
            positions=np.concatenate([np.arange(start), *(start + np.arange(len(ids)) for ids, _ in parts)]).astype(np.int32),
            branches=np.repeat(np.arange(len(parts) + 1), [start, *(len(ids) for ids, _ in parts)]).astype(np.int32),
        )  # fmt: skip


def _shared(sequences: list[TokenSequence]) -> int:
    """How many ids all sequences begin with."""
    shortest = min(map(len, sequences))
    first = sequences[0].ids[:shortest]
    same = np.logical_and.reduce([sequence.ids[:shortest] == first for sequence in sequences])
    return shortest if same.all() else int(np.argmin(same))


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Trees in rows, each row filled up to the length of all.

    `owners` number the trees of a row, `branches` are those of the trees; both are -1 where a row is filled up. The first id of a
    tree, and of each branch but the first, has no id before it to be predicted from, so its weight is 0 here whatever it was.
    """

    ids: Int32[np.ndarray, "row token"]
    weights: Float32[np.ndarray, "row token"]
    positions: Int32[np.ndarray, "row token"]
    branches: Int32[np.ndarray, "row token"]
    owners: Int32[np.ndarray, "row token"]

    @classmethod
    def of(cls, trees: Sequence[TokenTree], pad_id: int) -> "Rows":
        """A row a tree, in the order given, as long as the longest.

        >>> trees = [TokenTree.of([TokenSequence.of(ids, 1.0)]) for ids in ([1, 2], [3, 4, 5])]
        >>> rows = Rows.of(trees, pad_id=0)
        >>> rows.ids.tolist(), rows.weights.tolist(), rows.branches.tolist()
        ([[1, 2, 0], [3, 4, 5]], [[0.0, 1.0, 0.0], [0.0, 1.0, 1.0]], [[0, 0, -1], [0, 0, 0]])
        """
        return cls._filled([[tree] for tree in trees], max(map(len, trees), default=0), pad_id)

    @classmethod
    def packed(cls, trees: Sequence[TokenTree], length: int, pad_id: int) -> "Rows":
        """Rows of one length with as many trees in each as fit, the longest first; one that is longer makes all rows as long.

        Few rows of one shape are what a GPU wants: it learns them with few kernels.

        >>> trees = [TokenTree.of([TokenSequence.of(ids, 1.0)]) for ids in ([1, 2], [3, 4, 5], [6])]
        >>> rows = Rows.packed(trees, length=4, pad_id=0)
        >>> rows.ids.tolist(), rows.owners.tolist(), rows.positions.tolist()
        ([[3, 4, 5, 6], [1, 2, 0, 0]], [[0, 0, 0, 1], [0, 0, -1, -1]], [[0, 1, 2, 0], [0, 1, 0, 0]])
        """
        length = max([length, *map(len, trees)])
        rows: list[list[TokenTree]] = []
        room: list[int] = []
        for tree in sorted(trees, key=len, reverse=True):
            place = next((row for row, left in enumerate(room) if left >= len(tree)), len(rows))
            if place == len(rows):
                rows.append([])
                room.append(length)
            rows[place].append(tree)
            room[place] -= len(tree)
        return cls._filled(rows, length, pad_id)

    @classmethod
    def _filled(cls, members: Sequence[Sequence[TokenTree]], length: int, pad_id: int) -> "Rows":
        shape = (len(members), length)
        rows = cls(
            ids=np.full(shape, pad_id, dtype=np.int32),
            weights=np.zeros(shape, dtype=np.float32),
            positions=np.zeros(shape, dtype=np.int32),
            branches=np.full(shape, -1, dtype=np.int32),
            owners=np.full(shape, -1, dtype=np.int32),
        )
        for row, trees in enumerate(members):
            start = 0
            for number, tree in enumerate(trees):
                part = row, slice(start, start + len(tree))
                rows.ids[part], rows.weights[part], rows.positions[part] = tree.ids, tree.weights, tree.positions
                rows.branches[part], rows.owners[part] = tree.branches, number
                rows.weights[row, start : start + 1] = 0.0
                start += len(tree)
        return rows


def by_length(trees: Iterable[TokenTree], step: int) -> list[list[TokenTree]]:
    """Trees in groups, longest first, so that few ids fill up their rows: lengths in a group of three and more differ by less
    than `step`, and one alone joins its neighbours.

    >>> trees = [TokenTree.of([TokenSequence.of(range(size), 1.0)]) for size in (3, 90, 2, 80, 40, 1)]
    >>> [[len(tree) for tree in group] for group in by_length(trees, 20)]
    [[90, 80], [40, 3], [2, 1]]
    """
    groups: list[list[TokenTree]] = []
    for tree in sorted(trees, key=len, reverse=True):
        if groups and (len(groups[-1]) < 2 or len(tree) > len(groups[-1][0]) - step):
            groups[-1].append(tree)
        else:
            groups.append([tree])
    if len(groups) > 1 and len(groups[-1]) == 1:
        alone = groups.pop()
        groups[-1] += alone
    return groups
