"""Values are checked at birth, and measure in pixels of the original picture."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anyvl.errors import AnyVLError, InputError
from anyvl.values import Box, Codes, Frame, Instance, Polygon

laws = settings(max_examples=50)

FRAME = Frame(6, 10)
SQUARE = ((1.0, 1.0), (5.0, 1.0), (5.0, 5.0), (1.0, 5.0))
HOLE = ((2.0, 2.0), (3.0, 2.0), (3.0, 3.0), (2.0, 3.0))


@laws
@given(st.integers(1, 4000), st.integers(1, 4000), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_unit_and_px_are_inverse(height, width, x, y):
    frame = Frame(height, width)
    assert frame.to_px(frame.to_unit(np.array([x, y]))) == pytest.approx(np.array([x, y]))
    assert frame.to_unit(np.array([float(width), float(height)])).tolist() == [1.0, 1.0]


def test_box_measures():
    box = Box(1.0, 2.0, 4.0, 8.0)
    assert (box.width, box.height, box.area, box.as_tuple()) == (3.0, 6.0, 18.0, (1.0, 2.0, 4.0, 8.0))


@pytest.mark.parametrize(
    "birth",
    [
        lambda: Box(1.0, 0.0, 1.0, 1.0),
        lambda: Box(0.0, 2.0, 1.0, 1.0),
        lambda: Box(0.0, 0.0, float("inf"), 1.0),
        lambda: Box(0.0, float("nan"), 1.0, 1.0),
        lambda: Frame(0, 5),
        lambda: Polygon(SQUARE[:2]),
        lambda: Polygon(SQUARE, (HOLE[:2],)),
        lambda: Polygon((*SQUARE[:2], (float("nan"), 0.0))),
        lambda: Instance(label="a", frame=FRAME),
        lambda: Instance(label="a", frame=FRAME, box=Box(0.0, 0.0, 1.0, 1.0), score=1.5),
        lambda: Codes(rows=2, columns=3, ids=(0, 1, 2)),
        lambda: Codes(rows=1, columns=2, ids=(0, -1)),
    ],
)
def test_what_cannot_be_is_never_born(birth):
    with pytest.raises(InputError) as error:
        birth()
    assert isinstance(error.value, AnyVLError) and isinstance(error.value, ValueError)


def test_instance_falls_back_to_the_hull_of_its_polygons():
    far = tuple((x + 4.0, y) for x, y in HOLE)
    instance = Instance(label="two parts", frame=FRAME, polygons=(Polygon(HOLE), Polygon(far)))
    assert instance.box == instance.bounds == Box(2.0, 2.0, 7.0, 3.0)
    given_box = Box(0.0, 0.0, 9.0, 5.0)
    assert Instance(label="told", frame=FRAME, box=given_box, polygons=(Polygon(HOLE),)).box == given_box


def test_mask_is_the_union_of_parts_without_their_holes():
    overlapping = tuple((x + 2.0, y) for x, y in SQUARE)
    mask = Instance(label="x", frame=FRAME, polygons=(Polygon(SQUARE, (HOLE,)), Polygon(overlapping))).mask()
    expected = np.zeros((6, 10), dtype=bool)
    expected[1:5, 1:7] = True
    expected[2, 2] = False
    assert (mask == expected).all()
    box_mask = Instance(label="x", frame=FRAME, box=Box(7.0, 0.0, 10.0, 2.0)).mask()
    assert box_mask.sum() == 6 and box_mask[:2, 7:].all()


def test_polygon_from_arrays_is_plain_tuples():
    assert Polygon.from_arrays(np.array(SQUARE), [np.array(HOLE)]) == Polygon(SQUARE, (HOLE,))
    assert Polygon(SQUARE, (HOLE,)).bounds == Box(1.0, 1.0, 5.0, 5.0)


@laws
@given(st.integers(1, 5), st.integers(1, 5), st.randoms(use_true_random=False))
def test_codes_run_row_by_row(rows, columns, random):
    ids = tuple(random.randrange(100) for _ in range(rows * columns))
    codes = Codes(rows=rows, columns=columns, ids=ids)
    assert codes.array()[rows - 1, 0] == ids[(rows - 1) * columns]
    assert Codes.from_array(codes.array()) == codes
