"""Which cells a mask hides, and that a training sees nothing of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anyvl.codecs import Picture
from anyvl.codecs.image import with_holes
from anyvl.evaluation.laws import small_kit
from anyvl.tasks.image_editing import cells_to_mask
from anyvl.tasks.infilling import cells_under
from anyvl.values import Codes, Frame

SIDES = st.integers(3, 60)


@given(height=SIDES, width=SIDES, rows=st.integers(1, 9), columns=st.integers(1, 9), seed=st.integers(0, 10**6))
def test_hidden_cells_cover_the_mask_and_no_more_than_they_must(
    height: int, width: int, rows: int, columns: int, seed: int
) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < 0.03
    cells = cells_under(mask, rows, columns)
    frame = Frame(height=height, width=width)
    assert not (mask & ~cells_to_mask(cells, frame)).any()
    for row, column in np.argwhere(cells):
        alone = np.zeros_like(cells)
        alone[row, column] = True
        assert (mask & cells_to_mask(alone, frame)).any()


@given(seed=st.integers(0, 10**6))
def test_holes_hide_codes_and_nothing_else(seed: int) -> None:
    kit, dice = small_kit(), np.random.default_rng(seed)
    rows, columns = kit.grids[seed % len(kit.grids)]
    codes = Codes.from_array(dice.integers(0, kit.vocabulary.num_codes, (rows, columns)))
    hidden = dice.random((rows, columns)) < 0.5
    ids = Picture().encode(codes, kit, Frame(height=rows, width=columns))
    holed = with_holes(ids, hidden, kit)
    mask = kit.vocabulary.control("mask")
    seen = iter(hidden.ravel())
    for before, after in zip(ids, holed, strict=True):
        assert after == (mask if before in kit.vocabulary.image and next(seen) else before)
