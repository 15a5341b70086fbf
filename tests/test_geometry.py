"""Laws of rings, boxes and masks: filling is even-odd at pixel centres, simplifying only drops vertices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anyvl import geometry
from anyvl.errors import InputError

laws = settings(max_examples=50)

HEIGHT, WIDTH = 9, 14
# Thirds never meet a pixel centre, so that no test hangs on which side an edge belongs to.
thirds = st.integers(-9, 3 * (WIDTH + 3)).filter(lambda third: third % 3).map(lambda third: third / 3)
rings = st.lists(st.tuples(thirds, thirds), min_size=3, max_size=8)


def inside(ring, x: float, y: float) -> bool:
    """Even-odd by the textbook: count the edges that a ray to the right crosses."""
    crossings = 0
    for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (ay > y) != (by > y) and ax + (y - ay) * (bx - ax) / (by - ay) > x:
            crossings += 1
    return crossings % 2 == 1


def near_an_edge(ring, x: float, y: float) -> bool:
    for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (ay > y) != (by > y) and abs(ax + (y - ay) * (bx - ax) / (by - ay) - x) < 1e-9:
            return True
    return False


@laws
@given(st.lists(rings, min_size=1, max_size=2))
def test_rasterise_fills_even_odd_at_pixel_centres(several):
    mask = geometry.rasterise(several, HEIGHT, WIDTH)
    assert mask.shape == (HEIGHT, WIDTH)
    for row in range(HEIGHT):
        for column in range(WIDTH):
            x, y = column + 0.5, row + 0.5
            if not any(near_an_edge(ring, x, y) for ring in several):
                assert mask[row, column] == (sum(inside(ring, x, y) for ring in several) % 2 == 1)


@laws
@given(st.integers(1, WIDTH - 1), st.integers(0, HEIGHT), st.sampled_from([0.0, 0.5]))
def test_neighbours_tile_also_where_an_edge_meets_the_centres(split, slope, half):
    top, bottom = (split + half, 0.0), (float(slope) + half, float(HEIGHT))
    left = geometry.rasterise([[(0, 0), top, bottom, (0, HEIGHT)]], HEIGHT, WIDTH)
    right = geometry.rasterise([[top, (WIDTH, 0), (WIDTH, HEIGHT), bottom]], HEIGHT, WIDTH)
    assert (left ^ right).all()


@laws
@given(rings)
def test_clockwise_from_top_left_is_the_same_ring_read_in_order(ring):
    ordered = geometry.clockwise_from_top_left(ring)
    assert sorted(ordered) == sorted(ring)
    assert geometry.ring_area(ordered) == pytest.approx(abs(geometry.ring_area(ring)))
    assert (ordered[0][1], ordered[0][0]) == min((y, x) for x, y in ring)


def test_clockwise_means_clockwise_on_the_screen():
    top_left, top_right, bottom_right = (1.0, 2.0), (5.0, 2.0), (5.0, 4.0)
    expected = (top_left, top_right, bottom_right)
    assert geometry.clockwise_from_top_left([bottom_right, top_right, top_left]) == expected
    assert geometry.ring_area(expected) == 4.0
    assert geometry.ring_area(expected[::-1]) == -4.0


@laws
@given(st.lists(st.tuples(thirds, thirds), min_size=3, max_size=30), st.integers(3, 8))
def test_simplify_keeps_some_vertices_in_order(ring, at_most):
    kept = geometry.simplify_ring(ring, at_most)
    assert 3 <= len(kept) <= max(at_most, 3)
    if len(ring) <= at_most:
        assert kept == tuple(ring)
    doubled = iter([*ring, *ring])
    assert all(vertex in doubled for vertex in kept)


@pytest.mark.parametrize("at_most", [8, 12, 24])
def test_simplify_changes_a_circle_hardly_more_than_the_best_polygon_would(at_most):
    turns = np.linspace(0, 2 * np.pi, 300, endpoint=False)
    circle = np.stack([500 + 400 * np.cos(turns), 300 + 200 * np.sin(turns)], axis=1)
    kept = geometry.simplify_ring(circle, at_most)
    inscribed = at_most * np.sin(2 * np.pi / at_most) / 2 * 400 * 200  # the largest polygon in that ellipse
    assert len(kept) == at_most
    assert abs(geometry.ring_area(kept)) > 0.96 * inscribed


def test_simplify_keeps_the_corners_of_a_dense_rectangle():
    top = [(float(x), 0.0) for x in range(30)]
    side = [(30.0, float(y)) for y in range(20)]
    bottom = [(float(x), 20.0) for x in range(30, 0, -1)]
    back = [(0.0, float(y)) for y in range(20, 0, -1)]
    kept = geometry.simplify_ring(top + side + bottom + back, 4)
    assert set(kept) == {(0.0, 0.0), (30.0, 0.0), (30.0, 20.0), (0.0, 20.0)}


def test_ious():
    assert geometry.box_iou((0.0, 0.0, 4.0, 2.0), (2.0, 1.0, 6.0, 3.0)) == pytest.approx(2 / 14)
    assert geometry.box_iou((0.0, 0.0, 1.0, 1.0), (2.0, 2.0, 3.0, 3.0)) == 0.0
    first, second = np.zeros((2, 3), bool), np.zeros((2, 3), bool)
    assert geometry.mask_iou(first, second) == 1.0
    first[0, :2] = second[0, 1:] = True
    assert geometry.mask_iou(first, second) == pytest.approx(1 / 3)


@pytest.mark.parametrize("ring", [[(0, 0), (1, 1)], [(0, 0), (1, 1), (2, float("nan"))], [(0, 0, 0)] * 3])
def test_what_is_no_ring_is_said(ring):
    with pytest.raises(InputError, match="finite points"):
        geometry.ring_area(ring)
    with pytest.raises(InputError, match="at least three"):
        geometry.simplify_ring([(0, 0), (1, 0), (1, 1)], 2)
