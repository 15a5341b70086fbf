"""Tiles cover a grid, overlap as asked, and what they say of it together is what the whole says."""

import itertools

import torch
from hypothesis import given
from hypothesis import strategies as st

from anyvl.refiner.tiles import blended, tiles


@given(rows=st.integers(1, 40), columns=st.integers(1, 40), side=st.integers(2, 12), overlap=st.integers(0, 11),
       step=st.sampled_from((1, 4)))  # fmt: skip
def test_tiles_cover_the_grid(rows: int, columns: int, side: int, overlap: int, step: int) -> None:
    overlap = min(overlap, side - 1)
    rows, columns, side, overlap = (number * step for number in (rows, columns, side, overlap))
    found = tiles(rows, columns, side, overlap, step)
    covered = torch.zeros(rows, columns, dtype=torch.int64)
    for place in found:
        covered[place] += 1
        for axis, length in zip(place, (rows, columns), strict=True):
            assert axis.start % step == 0 and axis.stop <= length and axis.stop - axis.start == min(side, length)
    assert (covered > 0).all()
    for number in (0, 1):
        starts = sorted({place[number].start for place in found})
        assert all(later - former <= side - overlap for former, later in itertools.pairwise(starts))


@given(rows=st.integers(1, 30), columns=st.integers(1, 30), side=st.integers(4, 12), overlap=st.integers(0, 3))
def test_what_needs_no_neighbours_is_the_same_in_tiles(rows: int, columns: int, side: int, overlap: int) -> None:
    whole = torch.randn(2, 3, rows, columns, generator=torch.Generator().manual_seed(rows * columns))
    found = blended(lambda at: whole[(..., *at)] * 2, whole, tiles(rows, columns, side, overlap), overlap)
    torch.testing.assert_close(found, whole * 2)


def test_neighbours_turn_into_each_other_over_their_overlap() -> None:
    """Of two tiles of 8 columns that say 0 and 1: nothing jumps where one of them ends."""
    places = tiles(4, 12, 8, 4)
    found = blended(lambda at: torch.full((1, 1, 4, 8), at[1].start / 4), torch.zeros(1, 1, 4, 12), places, 4)[0, 0, 0]
    assert (found[:4] == 0).all() and (found[8:] == 1).all()
    torch.testing.assert_close(found[4:8], torch.tensor([0.104, 0.352, 0.648, 0.896]))
