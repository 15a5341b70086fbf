"""Polygons: shapes as rings of vertices, with parts and holes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from anyvl.codecs.boxes import CORNERS, NAME, box_to_bins, entries, entry_grammar
from anyvl.codecs.codec import Kit
from anyvl.codecs.coordinates import bins_to_px, dequantise
from anyvl.codecs.rings import BinRing, outline_to_bins, ring_to_bins, twice_area
from anyvl.errors import ConfigError, InputError
from anyvl.geometry import Ring, box_of
from anyvl.grammar.rules import ring_vertices
from anyvl.grammar.terms import Repeat, Sequence, Term, Token
from anyvl.values import Box, Frame, Instance, Polygon

FEWEST_VERTICES = 4
"""The least vertex cap: a shape thinner than a bin is written with four."""

Part = tuple[BinRing, ...]
"""The outer ring of a part, then its holes, in bins."""


@dataclass(frozen=True)
class Region:
    """One shape of one or more parts: `<polygon> ring (<hole> ring)*` for each, largest first.

    A ring is x y x y ..., at least three vertices, clockwise on the screen from the top-left one; it is simplified to
    at most `vertices`. Consecutive vertices differ and the first three are not on one line. With 101 bins, a triangle
    in a picture 100 px wide and high is (a bin n written [n])

        ((10, 20), (50, 20), (10, 60))   ->   <polygon> [10] [20] [50] [20] [10] [60]
    """

    vertices: int = 24

    def __post_init__(self) -> None:
        _check_cap(self.vertices)

    def encode(self, value: tuple[Polygon, ...], kit: Kit, frame: Frame) -> list[int]:
        """The ids of a shape, cut at the frame; InputError when nothing of it lies inside.

        A part thinner than a bin becomes one bin thick; a hole thinner than a bin is left out.
        """
        bins = kit.vocabulary.coordinate_bins

        def written(ring: Ring, keep: bool) -> BinRing:
            return ring_to_bins(ring, self.vertices, bins, frame, keep=keep)

        return _parts_to_ids(_parts_of(value, written, frame), kit)

    def decode(
        self, ids: list[int], kit: Kit, frame: Frame, probabilities: list[float] | None = None
    ) -> tuple[Polygon, ...]:
        """The parts in the order written."""
        whole = Box(0, 0, frame.width, frame.height)
        return _ids_to_polygons(ids, kit, whole)

    def grammar(self, kit: Kit) -> Term:
        """One or more parts. The number of vertices is not limited: the cap is what encoding keeps to."""
        return _region(kit)


@dataclass(frozen=True)
class Polygons:
    """Any number of outlined things, each `<object> <box> x0 y0 x1 y1`, its parts, `</object>`, the largest box first.

    Parts are written as in `Region`, but in bins of the box: the same outline is the same ids wherever and however large it
    stands. A ring of more than `vertices` becomes one of equal steps (`outline_to_bins`). The things carry no names in ids: all
    are instances of `label`, the phrase that was asked for. Scores are the probability of the `<object>`. With 101 bins, the
    triangle (10, 20) (50, 20) (10, 60) in a picture 100 px wide and high is

        <object> <box> [10] [20] [50] [60] <polygon> [0] [0] [100] [0] [0] [100] </object>
    """

    label: str = ""
    vertices: int = 24

    def __post_init__(self) -> None:
        _check_cap(self.vertices)

    def encode(self, value: Iterable[Instance], kit: Kit, frame: Frame) -> list[int]:
        """The ids of instances by their box and the polygons in it; by the hull of the polygons where they reach beyond the box.
        InputError for one without polygons or outside the frame."""
        vocabulary, things = kit.vocabulary, []
        bins = vocabulary.coordinate_bins
        for instance in value:
            if not instance.polygons:
                raise InputError(f"the instance {instance.label!r} has no polygons: write it with Boxes")
            around = _box_of(instance, frame)
            corners, box = box_to_bins(around, bins, frame), _cut(around, frame)

            def written(ring: Ring, keep: bool, box: Box = box) -> BinRing:
                return outline_to_bins(ring, self.vertices, bins, box, keep=keep)

            ids = [vocabulary.control("object"), vocabulary.control("box"), *map(vocabulary.coordinate, corners)]
            ids += _parts_to_ids(_parts_of(instance.polygons, written, frame), kit)
            x0, y0, x1, y1 = corners
            things.append((-(x1 - x0) * (y1 - y0), y0, x0, [*ids, vocabulary.control("object_end")]))
        return [id for *_, ids in sorted(things) for id in ids]

    def decode(
        self, ids: list[int], kit: Kit, frame: Frame, probabilities: list[float] | None = None
    ) -> list[Instance]:
        """The instances in the order written, with score 1 when no probabilities are given."""
        instances, start = [], 0
        for entry in entries(ids, kit):
            bins = [kit.vocabulary.bin(id) for id in entry[CORNERS]]
            box = Box(*bins_to_px(bins, kit.vocabulary.coordinate_bins, frame).ravel().tolist())
            score = 1.0 if probabilities is None else probabilities[start]
            polygons = _ids_to_polygons(entry[NAME:-1], kit, box)
            instances.append(Instance(label=self.label, score=score, box=box, polygons=polygons, frame=frame))
            start += len(entry)
        return instances

    def grammar(self, kit: Kit) -> Term:
        """Any number of boxes with one or more parts each."""
        return Repeat(entry_grammar(_region(kit), kit))


def _check_cap(vertices: int) -> None:
    if vertices < FEWEST_VERTICES:
        raise ConfigError(f"a ring needs a cap of at least {FEWEST_VERTICES} vertices, but {vertices} came")


def _region(kit: Kit) -> Term:
    vocabulary = kit.vocabulary
    hole = Sequence(Token(vocabulary.control("hole")), ring_vertices())
    part = Sequence(Token(vocabulary.control("polygon")), ring_vertices(), Repeat(hole))
    return Repeat(part, at_least=1)


def _parts_of(polygons: tuple[Polygon, ...], written: Callable[[Ring, bool], BinRing], frame: Frame) -> list[Part]:
    """The parts of a shape in bins, largest first; at least one. written: a ring in bins, and whether it is kept if thin."""
    parts = []
    for polygon in polygons:
        if outer := written(polygon.exterior, True):
            holes = [written(hole, False) for hole in polygon.holes]
            holes.sort(key=lambda hole: (-abs(twice_area(hole)), hole))
            parts.append((outer, *filter(None, holes)))
    if not parts:
        raise InputError(
            f"a shape needs at least one part inside its picture of height {frame.height}, width {frame.width}, "
            f"but {len(polygons)} outside it came"
        )
    return sorted(parts, key=lambda part: (-_part_area(part), part[0][0][::-1]))


def _part_area(part: Part) -> int:
    return abs(twice_area(part[0])) - sum(abs(twice_area(hole)) for hole in part[1:])


def _parts_to_ids(parts: list[Part], kit: Kit) -> list[int]:
    vocabulary, coordinates, ids = kit.vocabulary, kit.vocabulary.coordinates, []
    for part in parts:
        for ring, mark in zip(part, ["polygon"] + ["hole"] * (len(part) - 1), strict=True):
            ids.append(vocabulary.control(mark))
            ids.extend(coordinates[bin] for vertex in ring for bin in vertex)
    return ids


def _box_of(instance: Instance, frame: Frame) -> Box:
    """The box that an instance's polygons are written in: its own where that holds all of them that is in the picture."""
    width, height = float(frame.width), float(frame.height)
    x0, y0, x1, y1 = box_of([point for polygon in instance.polygons for point in polygon.exterior])
    own = instance.bounds
    holds = own.x0 <= max(x0, 0.0) and own.y0 <= max(y0, 0.0) and min(x1, width) <= own.x1 and min(y1, height) <= own.y1
    return own if holds else Box(x0, y0, x1, y1)


def _cut(box: Box, frame: Frame) -> Box:
    """What of a box lies inside the frame."""
    x0, y0, x1, y1 = box.as_tuple()
    return Box(max(0.0, x0), max(0.0, y0), min(float(frame.width), x1), min(float(frame.height), y1))


def _ids_to_polygons(ids: list[int], kit: Kit, box: Box) -> tuple[Polygon, ...]:
    """The polygons in px that are written in bins of a box."""
    low, size = np.array([box.x0, box.y0]), np.array([box.x1 - box.x0, box.y1 - box.y0])
    vocabulary, coordinates = kit.vocabulary, kit.vocabulary.coordinates
    marks = [place for place, id in enumerate(ids) if id not in coordinates]
    parts: list[list[list[list[float]]]] = []
    for start, after in zip(marks, [*marks[1:], len(ids)], strict=True):
        if ids[start] == vocabulary.control("polygon"):
            parts.append([])
        bins = [vocabulary.bin(id) for id in ids[start + 1 : after]]
        parts[-1].append((low + dequantise(bins, vocabulary.coordinate_bins).reshape(-1, 2) * size).tolist())
    return tuple(Polygon.from_arrays(outer, holes) for outer, *holes in parts)
