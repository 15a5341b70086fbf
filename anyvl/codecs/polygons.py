"""Polygons: shapes as rings of vertices, with parts and holes."""

from collections.abc import Iterable
from dataclasses import dataclass

from anyvl.codecs.codec import Kit
from anyvl.codecs.coordinates import bins_to_px
from anyvl.codecs.rings import BinRing, ring_to_bins, twice_area
from anyvl.errors import ConfigError, InputError
from anyvl.grammar.rules import ring_vertices
from anyvl.grammar.terms import Repeat, Sequence, Term, Token
from anyvl.values import Frame, Instance, Polygon

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
        return _parts_to_ids(_parts_of(value, self.vertices, kit, frame), kit)

    def decode(
        self, ids: list[int], kit: Kit, frame: Frame, probabilities: list[float] | None = None
    ) -> tuple[Polygon, ...]:
        """The parts in the order written."""
        return _ids_to_polygons(ids, kit, frame)

    def grammar(self, kit: Kit) -> Term:
        """One or more parts. The number of vertices is not limited: the cap is what encoding keeps to."""
        return _region(kit)


@dataclass(frozen=True)
class Polygons:
    """Any number of shapes, each `<object>`, its parts as in `Region`, `</object>`, largest first.

    The shapes carry no names in ids: all are instances of `label`, the phrase that was asked for. Scores are the
    probability of the `<object>`.
    """

    label: str = ""
    vertices: int = 24

    def __post_init__(self) -> None:
        _check_cap(self.vertices)

    def encode(self, value: Iterable[Instance], kit: Kit, frame: Frame) -> list[int]:
        """The ids of instances by their polygons; InputError for one without polygons or outside the frame."""
        shapes = []
        for instance in value:
            if not instance.polygons:
                raise InputError(f"the instance {instance.label!r} has no polygons: write it with Boxes")
            shapes.append(_parts_of(instance.polygons, self.vertices, kit, frame))
        shapes.sort(key=lambda parts: (-sum(map(_part_area, parts)), parts[0][0][0][::-1]))
        opened, closed = kit.vocabulary.control("object"), kit.vocabulary.control("object_end")
        return [id for parts in shapes for id in (opened, *_parts_to_ids(parts, kit), closed)]

    def decode(
        self, ids: list[int], kit: Kit, frame: Frame, probabilities: list[float] | None = None
    ) -> list[Instance]:
        """The instances in the order written, with score 1 when no probabilities are given."""
        instances = []
        starts = [place for place, id in enumerate(ids) if id == kit.vocabulary.control("object")]
        for start, after in zip(starts, [*starts[1:], len(ids)], strict=False):  # no starts: nothing to pair
            score = 1.0 if probabilities is None else probabilities[start]
            polygons = _ids_to_polygons(ids[start + 1 : after - 1], kit, frame)
            instances.append(Instance(label=self.label, score=score, polygons=polygons, frame=frame))
        return instances

    def grammar(self, kit: Kit) -> Term:
        """Any number of objects of one or more parts each."""
        opened, closed = kit.vocabulary.control("object"), kit.vocabulary.control("object_end")
        return Repeat(Sequence(Token(opened), _region(kit), Token(closed)))


def _check_cap(vertices: int) -> None:
    if vertices < FEWEST_VERTICES:
        raise ConfigError(f"a ring needs a cap of at least {FEWEST_VERTICES} vertices, but {vertices} came")


def _region(kit: Kit) -> Term:
    vocabulary = kit.vocabulary
    hole = Sequence(Token(vocabulary.control("hole")), ring_vertices())
    part = Sequence(Token(vocabulary.control("polygon")), ring_vertices(), Repeat(hole))
    return Repeat(part, at_least=1)


def _parts_of(polygons: tuple[Polygon, ...], most: int, kit: Kit, frame: Frame) -> list[Part]:
    """The parts of a shape in bins, largest first; at least one."""
    bins, parts = kit.vocabulary.coordinate_bins, []
    for polygon in polygons:
        if outer := ring_to_bins(polygon.exterior, most, bins, frame, keep=True):
            holes = [ring_to_bins(hole, most, bins, frame, keep=False) for hole in polygon.holes]
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


def _ids_to_polygons(ids: list[int], kit: Kit, frame: Frame) -> tuple[Polygon, ...]:
    vocabulary, coordinates = kit.vocabulary, kit.vocabulary.coordinates
    marks = [place for place, id in enumerate(ids) if id not in coordinates]
    parts: list[list[list[list[float]]]] = []
    for start, after in zip(marks, [*marks[1:], len(ids)], strict=True):
        if ids[start] == vocabulary.control("polygon"):
            parts.append([])
        bins = [vocabulary.bin(id) for id in ids[start + 1 : after]]
        parts[-1].append(bins_to_px(bins, vocabulary.coordinate_bins, frame).tolist())
    return tuple(Polygon.from_arrays(outer, holes) for outer, *holes in parts)
