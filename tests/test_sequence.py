"""Rows lose nothing, mix nothing and waste little."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anyvl.errors import InputError
from anyvl.sequence import Rows, TokenSequence, TokenTree, by_length, concatenate

laws = settings(max_examples=50)

PAD = 999
lengths = st.lists(st.integers(0, 12), max_size=20)


def sequences_of(sizes: list[int]) -> list[TokenSequence]:
    """Sequences whose ids are all different, each weighted by its own number."""
    starts = np.cumsum([0, *sizes])
    return [
        TokenSequence.of(range(start, start + size), float(number + 1))
        for number, (start, size) in enumerate(zip(starts, sizes, strict=False))
    ]


def trees_of(sizes):
    return [TokenTree.of([sequence]) for sequence in sequences_of(sizes)]


@laws
@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=9), min_size=1, max_size=5))
def test_trunk_and_branch_together_are_the_sequence(members):
    tree = TokenTree.of([TokenSequence.of(ids, 1.0) for ids in members])
    branches = range(1, len(members) + 1) if len(members) > 1 else [0]
    for branch, ids in zip(branches, members, strict=True):
        mine = (tree.branches == 0) | (tree.branches == branch)
        assert tree.ids[mine].tolist() == ids
        assert tree.positions[mine].tolist() == list(range(len(ids)))
    # nothing that is common to all is there twice, but for the one id that opens each branch
    alike = (len(set(ids)) == 1 for ids in zip(*members, strict=False))
    common = sum(itertools.takewhile(bool, alike))
    assert len(tree) == sum(map(len, members)) - (len(members) - 1) * max(0, common - 1)
    assert tree.weights.sum() == sum(len(ids) for ids in members) - (len(members) - 1) * common


@laws
@given(lengths)
def test_every_tree_lies_whole_in_a_row_of_its_own(sizes):
    trees = trees_of(sizes)
    rows = Rows.of(trees, PAD)
    assert rows.ids.shape == (len(sizes), max(sizes, default=0))
    for row, (tree, size) in enumerate(zip(trees, sizes, strict=True)):
        assert rows.ids[row].tolist() == [*tree.ids, *[PAD] * (rows.ids.shape[1] - size)]
        assert rows.branches[row].tolist() == [*tree.branches, *[-1] * (rows.ids.shape[1] - size)]
        assert rows.weights[row, 1:size].tolist() == tree.weights[1:].tolist()
        assert rows.positions[row, :size].tolist() == list(range(size))
    padding = rows.branches == -1
    assert (rows.weights[padding] == 0).all() and (rows.weights[:, :1] == 0).all()


@laws
@given(lengths, st.integers(12, 30))
def test_packed_rows_hold_every_tree_whole_and_once(sizes, length):
    trees = trees_of(sizes)
    rows = Rows.packed(trees, length, PAD)
    found = []
    for row, owners in enumerate(rows.owners):
        for number in range(owners.max(initial=-1) + 1):
            mine = np.flatnonzero(owners == number)
            assert mine.tolist() == list(range(mine[0], mine[-1] + 1))
            assert rows.positions[row, mine].tolist() == list(range(len(mine)))
            assert rows.weights[row, mine[0]] == 0
            found.append((rows.ids[row, mine].tolist(), rows.weights[row, mine][1:].tolist()))
    assert sorted(found) == sorted((t.ids.tolist(), t.weights[1:].tolist()) for t in trees if len(t))
    assert ((rows.owners == -1) == (rows.branches == -1)).all() and (rows.ids[rows.owners == -1] == PAD).all()
    fewest = -(-sum(sizes) // length)
    assert len(rows.ids) >= fewest
    filled = (rows.owners >= 0).sum(1)
    assert all(one + two > length for one, two in itertools.combinations(filled.tolist(), 2))  # else one row would do


def test_a_tree_too_long_for_its_row_makes_all_rows_as_long():
    trees = trees_of([3, 6, 3, 2])
    rows = Rows.packed(trees, 5, PAD)
    assert rows.owners.tolist() == [[0] * 6, [0] * 3 + [1] * 3, [0] * 2 + [-1] * 4]
    assert rows.ids[0].tolist() == trees[1].ids.tolist()


@laws
@given(lengths, st.integers(1, 9))
def test_groups_hold_every_tree_and_few_are_much_shorter_than_their_longest(sizes, step):
    groups = [[len(tree) for tree in group] for group in by_length(trees_of(sizes), step)]
    assert [size for group in groups for size in group] == sorted(sizes, reverse=True)
    assert all(len(group) > 1 for group in groups) or len(sizes) == 1
    for group in groups[:-1]:
        assert all(size > group[0] - step for size in group[2:])


@laws
@given(lengths)
def test_concatenate_keeps_order_and_weights(sizes):
    whole = concatenate(sequences_of(sizes))
    assert whole.ids.tolist() == list(range(sum(sizes)))
    assert whole.weights.tolist() == [number + 1.0 for number, size in enumerate(sizes) for _ in range(size)]
    assert (whole.ids.dtype, whole.weights.dtype) == (np.int32, np.float32)


def test_ids_and_weights_go_together():
    with pytest.raises((InputError, TypeError)):
        TokenSequence(ids=np.zeros(3, np.int32), weights=np.zeros(2, np.float32))
