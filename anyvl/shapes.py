"""Polygons as other tools want them: without crossings, in simple parts, or as one ring without holes.

Here a polygon may cross itself, its parts may overlap, and all is filled by the even-odd rule. Most file formats know less;
exporters bring polygons into their form with these functions, which cut them at the frame and change no filled pixel inside it
but by rounding: all is computed on a grid of a millionth of a pixel, since exact overlays of slivers can fail.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from jaxtyping import Float

from anyvl.geometry import Ring
from anyvl.values import Frame, Polygon

_SPECK = 1e-6
"""Parts of a smaller area, in square pixels, are rounding."""

_DIGITS = 6
_GRID = 10.0**-_DIGITS
"""The step in pixels onto which overlays snap (Hobby, 1999), which makes them robust for any input."""


def area_of(polygons: Iterable[Polygon], frame: Frame) -> float:
    """The area that polygons fill together inside the frame, in square pixels.

    >>> square = Polygon(((0, 0), (4, 0), (4, 4), (0, 4)), holes=(((1, 1), (2, 1), (2, 2), (1, 2)),))
    >>> area_of([square, square], Frame(height=8, width=3))
    11.0
    """
    return float(_filled(polygons, frame).area)


def simple_parts(polygons: Iterable[Polygon], frame: Frame) -> list[Polygon]:
    """What polygons fill together inside the frame as parts that neither cross themselves nor overlap, largest first.

    Exterior rings run clockwise on the screen, holes the other way. Empty when nothing but specks is filled.
    """
    parts = [part for part in shapely.get_parts(_filled(polygons, frame)) if part.area > _SPECK]
    # In shapely's frame y runs up, so what is counter-clockwise there is clockwise on the screen.
    turned = (shapely.orient_polygons(part) for part in sorted(parts, key=lambda part: -part.area))
    return [Polygon(_ring(part.exterior), tuple(_ring(hole) for hole in part.interiors)) for part in turned]


def voted(outlines: Sequence[Iterable[Polygon]], frame: Frame) -> list[Polygon]:
    """What most of several outlines of one thing fill, as simple parts; ties go as the first outline says. Exact: no raster.

    Averaging masks of sampled outlines and thresholding them (Pix2Seq v2, Chen et al. 2022), done on the faces into which the
    outlines cut the frame.

    >>> left, right = (Polygon(((x, 0), (x + 4, 0), (x + 4, 4), (x, 4))) for x in (0, 2))
    >>> area_of(voted([[left], [right], [right]], Frame(height=4, width=8)), Frame(height=4, width=8))
    16.0
    """
    shapes = [_filled(outline, frame) for outline in outlines]
    lines = shapely.union_all([shape.boundary for shape in shapes], grid_size=_GRID)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    filled = np.array([shapely.contains(shape, shapely.point_on_surface(faces)) for shape in shapes])
    votes = 2 * filled.sum(0) + filled[0]  # half a vote more for the first
    kept = shapely.union_all(faces[votes > len(shapes)], grid_size=_GRID)
    rings = [(part.exterior, *part.interiors) for part in shapely.get_parts(_areas(kept))]
    return simple_parts([Polygon(_ring(outer), tuple(map(_ring, holes))) for outer, *holes in rings], frame)


def one_ring(rings: Sequence[Ring]) -> Ring:
    """One ring that fills what several do together (even-odd): each is joined to the others by a bridge that is walked twice.

    >>> outer, hole = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)), ((1.0, 1.0), (2.0, 1.0), (2.0, 2.0))
    >>> one_ring([outer, hole])
    ((0.0, 0.0), (1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (1.0, 1.0), (0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0))
    """
    path, *waiting = (np.asarray(ring, np.float64) for ring in rings)
    while waiting:
        bridges = [_bridge(path, ring) for ring in waiting]
        number = int(np.argmin([length for length, _, _ in bridges]))
        _, here, there = bridges[number]
        ring = waiting.pop(number)
        path = np.concatenate([path[: here + 1], ring[there:], ring[: there + 1], path[here:]])
    return tuple((float(x), float(y)) for x, y in path)


def _bridge(path: Float[np.ndarray, "step 2"], ring: Float[np.ndarray, "vertex 2"]) -> tuple[float, int, int]:
    """The shortest way from a vertex of the path to one of the ring: its length, and the number of each vertex."""
    lengths = np.linalg.norm(path[:, None] - ring[None], axis=-1)
    here, there = np.unravel_index(int(np.argmin(lengths)), lengths.shape)
    return float(lengths[here, there]), int(here), int(there)


def _filled(polygons: Iterable[Polygon], frame: Frame) -> shapely.Geometry:
    """The union of polygons, each by the even-odd rule, cut at the frame; of polygons alone."""
    shapes = []
    for polygon in polygons:
        shape: shapely.Geometry = shapely.Polygon()
        for ring in polygon.rings:
            shape = _areas(shapely.symmetric_difference(shape, _even_odd(ring), grid_size=_GRID))
        shapes.append(shape)
    inside = shapely.box(0, 0, frame.width, frame.height)
    return _areas(shapely.intersection(shapely.union_all(shapes, grid_size=_GRID), inside, grid_size=_GRID))


def _even_odd(ring: Ring) -> shapely.Geometry:
    """What one ring fills by the even-odd rule, also where it walks the same line several times."""
    start = np.round(np.asarray(ring, np.float64), _DIGITS)
    end = np.roll(start, -1, axis=0)
    # The faces into which the ring cuts the plane; filled are those from which a ray crosses the ring an odd number of times.
    lines = shapely.union_all([shapely.LineString([*start, start[0]])], grid_size=_GRID)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    inside = shapely.get_coordinates(shapely.point_on_surface(faces))[:, None]
    beside = (start[:, 1] > inside[..., 1]) != (end[:, 1] > inside[..., 1])
    height = np.where(end[:, 1] == start[:, 1], 1.0, end[:, 1] - start[:, 1])
    crossing = start[:, 0] + (inside[..., 1] - start[:, 1]) * (end[:, 0] - start[:, 0]) / height
    crossed = (beside & (crossing > inside[..., 0])).sum(1)
    return _areas(shapely.union_all(faces[crossed % 2 == 1], grid_size=_GRID))


def _areas(shape: shapely.Geometry) -> shapely.Geometry:
    """The polygons of a shape, without the lines and points that mending a ring can leave."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts, grid_size=_GRID)


def _ring(line: shapely.LinearRing) -> Ring:
    """The points of a closed line, the first not repeated."""
    return tuple((float(x), float(y)) for x, y in line.coords[:-1])
