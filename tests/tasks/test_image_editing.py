"""Which cells an edit frees, and that compositing touches nothing else."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anyvl.tasks.image_editing import cells_to_mask, composite, feathered, free_cells
from anyvl.values import Frame, Polygon


def rectangle(x0: float, y0: float, x1: float, y1: float) -> tuple[Polygon, ...]:
    return (Polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1))),)


def test_a_region_frees_its_cells_and_their_neighbours() -> None:
    frame = Frame(height=60, width=100)  # 6 × 10 cells of 10 px
    cells = free_cells(rectangle(41, 21, 59, 29), frame, 6, 10)
    expected = np.zeros((6, 10), dtype=bool)
    expected[1:4, 3:7] = True  # the region lies in row 2, columns 4 and 5
    assert np.array_equal(cells, expected)


def test_touching_a_cells_edge_is_not_reaching_into_it() -> None:
    frame = Frame(height=60, width=100)
    assert free_cells(rectangle(40, 20, 50, 30), frame, 6, 10).sum() == 9


def test_both_lobes_of_a_region_that_crosses_itself_are_free() -> None:
    frame = Frame(height=60, width=100)
    bow = (Polygon(((0, 0), (100, 60), (100, 0), (0, 60))),)  # two triangles that meet in the middle
    cells = free_cells(bow, frame, 12, 20)
    assert cells[:, 0].all() and cells[:, 19].all() and not cells[0, 10] and not cells[11, 9]


@given(
    height=st.integers(7, 90),
    width=st.integers(7, 90),
    rows=st.integers(2, 7),
    columns=st.integers(2, 7),
    seed=st.integers(0, 10**6),
)
def test_compositing_keeps_every_pixel_outside(height: int, width: int, rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    original = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    painted = rng.integers(0, 256, (rows * 8, columns * 8, 3), dtype=np.uint8)
    cells = rng.random((rows, columns)) < 0.4
    result, changed = composite(original, painted, cells)
    assert np.array_equal(result[~changed], original[~changed])
    assert np.array_equal(changed, cells_to_mask(cells, Frame(height=height, width=width)))


@given(
    top=st.integers(0, 60),
    left=st.integers(0, 60),
    height=st.integers(1, 30),
    width=st.integers(1, 30),
    radius=st.integers(1, 20),
)
def test_however_small_a_mask_the_painted_picture_shows_in_it(
    top: int, left: int, height: int, width: int, radius: int
) -> None:
    mask = np.zeros((64, 80), dtype=bool)
    mask[top : top + height, left : left + width] = True
    mixed = feathered(np.zeros((64, 80, 3), np.uint8), np.full((64, 80, 3), 200, np.uint8), mask, radius)
    assert mixed[mask].max() == 200 and (mixed[~mask] == 0).all()


def test_deep_inside_the_painted_picture_shows_alone() -> None:
    original = np.zeros((80, 120, 3), dtype=np.uint8)
    painted = np.full((80, 120, 3), 200, dtype=np.uint8)
    cells = np.zeros((8, 12), dtype=bool)
    cells[2:7, 3:9] = True
    result, changed = composite(original, painted, cells)
    assert (result[30:60, 45:75] == 200).all()
    border = result[20:22, 35:85].max()
    assert border < 200, "the seam is feathered inside the mask"
    everything, _ = composite(original, painted, np.ones((8, 12), dtype=bool))
    assert (everything == 200).all(), "the picture's own border is no seam"
    assert changed.sum() == 50 * 60
