"""Packing loses nothing, mixes nothing and wastes little."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anyvl.errors import InputError
from anyvl.sequence import TokenSequence, TokenTree, concatenate, pack

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
@given(lengths, st.integers(12, 30))
def test_every_sequence_lies_whole_in_one_row(sizes, length):
    packed = pack(trees_of(sizes), length, PAD)
    found = {}
    for row in range(len(packed.ids)):
        for segment in range(1, packed.segments[row].max() + 1):
            at = np.flatnonzero(packed.segments[row] == segment)
            assert (np.diff(at) == 1).all()
            assert packed.positions[row, at].tolist() == list(range(len(at)))
            found[tuple(packed.ids[row, at].tolist())] = packed.weights[row, at].tolist()
    expected = {
        tuple(sequence.ids.tolist()): [0.0, *sequence.weights[1:].tolist()]
        for sequence in sequences_of(sizes)
        if len(sequence)
    }
    assert found == expected
    padding = packed.segments == 0
    assert (packed.ids[padding] == PAD).all() and (packed.weights[padding] == 0).all()
    assert ((packed.ids == PAD) == padding).all() and (packed.positions[padding] == 0).all()


@laws
@given(lengths, st.integers(12, 30))
def test_no_two_rows_would_fit_in_one(sizes, length):
    used = (pack(trees_of(sizes), length, PAD).segments > 0).sum(axis=1)
    assert all(first + second > length for i, first in enumerate(used) for second in used[i + 1 :])


@laws
@given(lengths)
def test_packing_is_deterministic(sizes):
    first, second = (pack(trees_of(sizes), 16, PAD) for _ in range(2))
    assert (first.ids == second.ids).all() and (first.segments == second.segments).all()


def test_too_long_a_sequence_names_both_lengths():
    with pytest.raises(InputError, match=r"7 ids does not fit in a row of 6"):
        pack(trees_of([3, 7]), 6, PAD)


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
