"""Votes over outlines are votes over pixels, whatever crosses whatever."""

import numpy as np
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

from anyvl.geometry import rasterise
from anyvl.shapes import voted
from anyvl.tasks.segmentation import agreed
from anyvl.values import Frame, Instance, Polygon

FRAME = Frame(height=12, width=20)
corners = st.tuples(st.integers(0, 20), st.integers(0, 12))
polygons = st.lists(corners, min_size=3, max_size=6, unique=True).map(lambda ring: [Polygon(tuple(ring))])
outlines = st.lists(polygons, min_size=1, max_size=5)


def mask(polygons: list[Polygon]) -> np.ndarray:
    filled = np.zeros((FRAME.height, FRAME.width), bool)
    for polygon in polygons:
        filled |= rasterise(polygon.rings, FRAME.height, FRAME.width)
    return filled


@given(outlines)
@example([[Polygon(((0, 0), (0, 3), (1, 1), (0, 1), (0, 2), (1, 2)))]])  # walks a line three times
def test_a_pixel_is_in_when_most_outlines_fill_it(many: list[list[Polygon]]) -> None:
    votes, first = sum(mask(one).astype(int) for one in many), mask(many[0])
    differs = mask(voted(many, FRAME)) != ((2 * votes > len(many)) | ((2 * votes == len(many)) & first))
    edges = [_near_edge(ring) for one in many for polygon in one for ring in polygon.rings]
    assert not (differs & ~np.logical_or.reduce(edges)).any()


def _near_edge(ring: tuple[tuple[float, float], ...]) -> np.ndarray:
    """Pixels whose centre lies on an edge, where rounding decides."""
    y, x = np.mgrid[: FRAME.height, : FRAME.width] + 0.5
    return shapely.distance(shapely.LinearRing(ring), shapely.points(x, y)) < 1e-5


def thing(x: float, score: float = 1.0) -> Instance:
    return Instance(
        label="fox", frame=FRAME, score=score, polygons=(Polygon(((x, 2), (x + 4, 2), (x + 4, 8), (x, 8))),)
    )


def test_answers_agree_on_things_that_half_of_them_have() -> None:
    near, far = thing(2, 0.9), thing(14)
    (kept,) = agreed([[near, far], [thing(3, 0.6)], [thing(3, 0.6)], []])
    assert np.array_equal(kept.mask(), thing(3).mask())  # two of three outlines begin at 3
    assert kept.score == (0.9 + 0.6 + 0.6) / 4 and kept.label == "fox"
    assert agreed([[], [near]]) == [] and agreed([[far]])[0].bounds == far.bounds
    assert np.array_equal(agreed([[near], [thing(4)]])[0].mask(), near.mask())  # a tie: as the first says
    small = Instance(label="fox", frame=FRAME, polygons=(Polygon(((10, 0), (12, 0), (12, 2), (10, 2))),))
    larger = Instance(label="fox", frame=FRAME, polygons=(Polygon(((10, 0), (12, 0), (12, 3), (10, 3))),))
    assert [one.mask().sum() for one in agreed([[small, near], [larger, near], [larger, near]])] == [24, 6]
