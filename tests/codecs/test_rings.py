"""Rings of bins: the ring rules hold whatever comes in, and what is thinner than a bin stays where it was."""

from collections import Counter

import numpy as np
import pytest
import shapely
from hypothesis import assume, example, given
from hypothesis import strategies as st

from anyvl.codecs.rings import cut_at_edges, outline_to_bins, ring_to_bins, twice_area
from anyvl.values import Box, Frame

FRAME = Frame(100, 100)  # with 101 bins, one bin is one pixel


def bins_of(ring, most=24, keep=True):
    return ring_to_bins(ring, most, 101, FRAME, keep=keep)


def test_the_worked_example():
    assert bins_of([(10, 20), (50, 20), (50, 20.1), (10, 20.1)]) == ((10, 20), (50, 20), (50, 21), (10, 21))
    assert bins_of([(10, 20), (50, 20), (50, 20.1), (10, 20.1)], keep=False) == ()


def test_rings_run_clockwise_from_the_top_left():
    square = [(10, 10), (30, 10), (30, 30), (10, 30)]
    for start in range(4):
        turned = square[start:] + square[:start]
        assert bins_of(turned) == bins_of(turned[::-1]) == tuple(square)


coordinates = st.one_of(st.floats(-30, 130), st.integers(0, 4), st.sampled_from([0, 100, 99.7]))


@given(
    ring=st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=40),
    most=st.integers(4, 12),
    keep=st.booleans(),
    even=st.booleans(),
)
@example(ring=[(0.0, 0.0), (0.0, 101.0), (4e-202, 1.0)], most=4, keep=True, even=False)
def test_the_ring_rules_hold(ring, most, keep, even):
    bins = outline_to_bins(ring, most, 101, Box(0, 0, 100, 100), keep=keep) if even else bins_of(ring, most, keep)
    if not bins:
        # Only a hole, or a ring without area inside the frame (to a millionth of a bin), may vanish.
        assert not keep or len(cut_at_edges(np.array(ring, dtype=float).round(6), 100.0)) == 0
        return
    assert 3 <= len(bins) <= most and all(0 <= x <= 100 and 0 <= y <= 100 for x, y in bins)
    assert all(vertex != bins[place - 1] for place, vertex in enumerate(bins))
    assert Counter(bins)[bins[0]] == 1
    (x0, y0), (x1, y1), (x2, y2) = bins[:3]
    assert (x1 - x0) * (y2 - y0) != (y1 - y0) * (x2 - x0)
    assert twice_area(bins) >= 0


@given(
    x=st.floats(0, 100).map(lambda place: round(place, 9)),  # shapely's distance divides by the tiniest numbers
    y=st.floats(0, 100).map(lambda place: round(place, 9)),
    angle=st.floats(0, 6.3),
    length=st.floats(0.001, 90),
    thickness=st.floats(0.001, 0.4),
)
@example(x=2.625, y=2.625, angle=4.0, length=4.0, thickness=0.0625)  # into the corner of the frame
def test_slivers_stay_within_a_bin_and_a_half(x, y, angle, length, thickness):
    along = np.array([np.cos(angle), np.sin(angle)]) * length
    across = np.array([-np.sin(angle), np.cos(angle)]) * thickness
    ring = np.clip(np.add([[0, 0], along, along + across, across], [x, y]), 0, 100).round(6)
    assume(np.ptp(ring, axis=0).max() > 0)  # in a corner of the frame nothing of it is left
    written, wanted = shapely.LinearRing(bins_of(ring)), shapely.LinearRing(ring)
    assert shapely.hausdorff_distance(written.segmentize(0.2), wanted.segmentize(0.2)) <= 1.5 + 0.2  # 0.2: as sampled


def test_a_thin_bent_stroke_is_followed():
    """A thin L would shrink to nothing, and its upright box would be wrong."""
    stroke = [(10, 10), (10.2, 10), (10.2, 79.8), (80, 79.8), (80, 80), (10, 80)]
    shape = shapely.Polygon(bins_of(stroke))
    assert shape.contains(shapely.Point(10.1, 40).buffer(0.3)) and shape.contains(shapely.Point(50, 79.9).buffer(0.3))
    assert shape.area < 300


def test_a_thin_stick_on_a_disc_is_kept():
    angles = np.linspace(0.02, 2 * np.pi - 0.02, 18)
    disc = np.stack([30 + 10 * np.cos(angles), 50 + 10 * np.sin(angles)], axis=1)
    ring = [*disc.tolist(), (90, 49.9), (90, 50.1)]
    assert max(x for x, _ in bins_of(ring)) >= 89


def test_a_ring_run_round_twice_is_one_round():
    """Under the even-odd rule it holds nothing, but a ring it must be."""
    assert bins_of([(10, 10), (50, 10), (10, 50)] * 2) == ((10, 10), (50, 10), (10, 50))


def test_a_start_that_comes_twice_is_not_the_start():
    bow = [(10, 10), (50, 10), (50, 20), (10, 10), (20, 50), (10, 50)]  # two triangles that share the top-left vertex
    assert Counter(bins_of(bow))[(10, 10)] == 2 and bins_of(bow)[0] == (50, 10)


@pytest.mark.parametrize("ring", [[(-9, -9), (-1, -9), (-9, -1)], [(150, 0), (190, 0), (150, 90)]])
def test_rings_outside_vanish(ring):
    assert bins_of(ring) == ()


def test_a_flat_ring_on_the_edge_is_inside_whatever_the_rounding():
    edge = np.nextafter(100.0, 101.0)
    assert bins_of([(10, edge), (30, edge), (20, edge)]) == ((10, 99), (30, 99), (30, 100), (10, 100))


def test_cutting_keeps_the_area_inside():
    random = np.random.default_rng(0)
    for _ in range(300):
        angles = np.sort(random.uniform(0, 2 * np.pi, 9))
        ring = np.stack([np.cos(angles), np.sin(angles)], axis=1) * random.uniform(20, 90, (9, 1)) + random.uniform(
            0, 100, 2
        )
        wanted = shapely.make_valid(shapely.Polygon(ring)).intersection(shapely.box(0, 0, 100, 100))
        cut = cut_at_edges(ring, 100.0)
        written = shapely.make_valid(shapely.Polygon(cut)) if len(cut) else shapely.Polygon()
        assert written.symmetric_difference(wanted).area < 1e-6
