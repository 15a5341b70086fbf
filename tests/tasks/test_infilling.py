"""What a hole is: its pixels, its cells, and that nothing of them is seen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from anyvl.codecs import Picture
from anyvl.codecs.image import with_holes
from anyvl.errors import InputError
from anyvl.evaluation.laws import small_kit
from anyvl.tasks.image_editing import cells_to_mask
from anyvl.tasks.infilling import cells_under, covered, filled, hidden_pixels
from anyvl.values import Box, Codes, Frame

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


@pytest.mark.parametrize("box", [(20, 9, 43, 30), [20.0, 9.0, 43.0, 30.0], Box(19.6, 8.6, 43.4, 30.4)])
def test_boxes_and_masks_of_all_kinds_are_the_same_hole(box: Box | tuple[float, ...]) -> None:
    frame, mask = Frame(height=40, width=72), np.zeros((40, 72), bool)
    mask[9:30, 20:43] = True
    palette = Image.fromarray(255 * mask.astype(np.uint8)).convert("P")
    layer = Image.fromarray(np.dstack([np.full((40, 72, 3), 255, np.uint8), 255 * mask.astype(np.uint8)]))
    for hole in (box, mask, 255 * mask.astype(np.uint8), Image.fromarray(mask), palette, layer, np.asarray(layer)):
        assert np.array_equal(hidden_pixels(hole, frame), mask)


def test_wrong_holes_teach() -> None:
    frame = Frame(height=40, width=72)
    with pytest.raises(InputError, match="the box lies outside a picture 40 px high"):
        hidden_pixels((2.1, 2.1, 2.2, 2.2), frame)
    with pytest.raises(InputError, match="the mask is nowhere white"):
        hidden_pixels(np.full((40, 72), 12, np.uint8), frame)
    with pytest.raises(InputError, match="40 px high and 72 px wide, but one of 72 x 40"):
        hidden_pixels(np.ones((72, 40), bool), frame)


@given(seed=st.integers(0, 10**6), height=SIDES, width=SIDES)
def test_a_hole_is_filled_whole_and_nothing_of_it_shows(seed: int, height: int, width: int) -> None:
    dice = np.random.default_rng(seed)
    one, other, new = dice.integers(0, 256, (3, height, width, 3), dtype=np.uint8)
    hidden = dice.random((height, width)) < dice.random()
    other = np.where(hidden[..., None], other, one)
    assert np.array_equal(covered(one, hidden), covered(other, hidden))
    result = filled(one, new, hidden)
    assert np.array_equal(result[hidden], new[hidden]) and np.array_equal(result[~hidden], one[~hidden])
