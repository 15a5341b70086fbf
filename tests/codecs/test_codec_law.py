"""The codec law, for every codec: its grammar accepts what it writes, and it reads back what it wrote.

"Reads back" means: text and codes exactly; edges of boxes within half a bin, one bin where the box is thinner than a
bin; shapes by the area that differs. Simplification to the vertex cap alone costs some area; on top of that, rounding
moves vertices by at most √½ bin (1.5 bins where a ring thinner than a bin was thickened), so each ring may differ by
1.5 times its outline and a constant, measured in bins.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
import shapely
import torch
from codec_values import (
    GRIDS,
    LABELS,
    NAMES,
    CellColours,
    Random,
    some_boxes,
    some_codes,
    some_edit,
    some_foxes,
    some_frame,
    some_grounded,
    some_label,
    some_map,
    some_page,
    some_points,
    some_region,
    some_shapes,
    some_text,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from anyvl.codecs import (
    CODECS,
    Boxes,
    Chain,
    Choice,
    DenseMap,
    Grounded,
    Keypoints,
    Kit,
    Layout,
    PaddedBoxes,
    Picture,
    Polygons,
    Region,
    TextTokenizer,
    Words,
)
from anyvl.codecs.codec import Codec
from anyvl.codecs.rings import cut_at_edges
from anyvl.geometry import simplify_ring
from anyvl.grammar.automaton import Automaton, compile_grammar
from anyvl.grammar.masks import GrammarState
from anyvl.grammar.terms import Sequence, Token
from anyvl.values import Box, Frame, GroundedText, Instance, Keypoint, Polygon
from anyvl.vocabulary import Vocabulary

WALKS = 96
TEXT = TextTokenizer.train(["a red fox left of a palm tree, é 🦊 日本"] * 4, size=300)
VOCABULARIES = [Vocabulary(num_text=TEXT.size, coordinate_bins=bins, num_codes=50) for bins in (1000, 32)]
KITS = [Kit(vocabulary=one, text=TEXT, image=CellColours(), grids=GRIDS) for one in VOCABULARIES]


Fewer = Callable[[Any, int], Any]
"""A ring and a cap to a ring of at most so many vertices."""


class Case(NamedTuple):
    codec: Codec
    sample: Callable[[Random, Frame], Any]
    check: Callable[[Any, Any, Kit, Frame], None]
    values: int = 2000


# --- what "reads back" means -----------------------------------------------------------------------------------------


def same(value: Any, back: Any, kit: Kit, frame: Frame) -> None:
    assert back == value


def same_map(value: np.ndarray, back: np.ndarray, kit: Kit, frame: Frame) -> None:
    if min(frame.height, frame.width) >= 5:  # a frame smaller than the grid cannot show every cell
        assert np.array_equal(back, value)
    assert back.shape == value.shape


def near(value_px: Any, back_px: Any, kit: Kit, frame: Frame, bins_off: Any) -> bool:
    """Whether points (x, y) lie within so many bins of each other on each axis."""
    off = np.abs(np.subtract(value_px, back_px)) / (frame.width, frame.height) * (kit.vocabulary.coordinate_bins - 1)
    return bool((off <= np.add(bins_off, 1e-6)).all())


def close_grounded(value: GroundedText, back: GroundedText, kit: Kit, frame: Frame) -> None:
    assert back.words == value.words and len(back.spans) == len(value.spans)
    for one, other in zip(value.spans, back.spans, strict=True):
        assert (one.start, one.stop) == (other.start, other.stop)
        corners, again = (np.reshape(span.box.as_tuple(), (2, 2)) for span in (one, other))
        size = np.diff(corners, axis=0) / (frame.width, frame.height) * (kit.vocabulary.coordinate_bins - 1)
        assert near(corners, again, kit, frame, np.where(size < 1, 1.0, 0.5))


def close_points(value: list[Keypoint], back: list[Keypoint], kit: Kit, frame: Frame) -> None:
    assert [(one.name, one.visible) for one in back] == [(one.name, one.visible) for one in value]
    for one, other in zip(value, back, strict=True):
        assert near((one.x, one.y), (other.x, other.y), kit, frame, 0.5)


def close_boxes(value: list[Instance], back: list[Instance], kit: Kit, frame: Frame) -> None:
    def in_bins(instance: Instance) -> np.ndarray:
        corners = np.reshape(instance.bounds.as_tuple(), (2, 2)) / (frame.width, frame.height)
        return corners * (kit.vocabulary.coordinate_bins - 1)

    assert sorted(one.label for one in back) == sorted(one.label for one in value)
    areas = [one.bounds.area for one in back]
    assert all(later <= before * (1 + 1e-9) for before, later in pairwise(areas))
    remaining = list(back)
    for wanted in value:
        allowed = np.where(np.diff(in_bins(wanted), axis=0) < 1, 1.0, 0.5) + 1e-6
        twin = next(
            one
            for one in remaining
            if one.label == wanted.label and (np.abs(in_bins(one) - in_bins(wanted)) <= allowed).all()
        )
        remaining.remove(twin)


def filled(ring: np.ndarray) -> shapely.Geometry:
    return shapely.make_valid(shapely.Polygon(ring)) if len(ring) else shapely.Polygon()


def area_of(polygons: tuple[Polygon, ...], scale: np.ndarray) -> shapely.Geometry:
    shapes = []
    for polygon in polygons:
        shape = filled(np.array(polygon.exterior) * scale)
        shapes.append(shape.difference(shapely.union_all([filled(np.array(hole) * scale) for hole in polygon.holes])))
    return shapely.union_all(shapes)


def at_equal_steps(ring: np.ndarray, most: int) -> np.ndarray:
    """So many points along a ring of more, from its top-left vertex on."""
    if len(ring) <= most:
        return ring
    line = shapely.LinearRing(np.roll(ring, -np.lexsort((ring[:, 0], ring[:, 1]))[0], axis=0))
    return shapely.get_coordinates(line.interpolate(np.arange(most) / most, normalized=True))


def difference_allowed(polygons: tuple[Polygon, ...], cap: int, bins: int, frame: Frame, fewer: Fewer) -> float:
    """In square bins: what fewer vertices cost, 1.5 bins along every outline, 16 for the smallest rings."""
    scale = (bins - 1) / np.array([frame.width, frame.height])
    allowed = 0.0
    for ring in (ring for polygon in polygons for ring in polygon.rings):
        cut = cut_at_edges(np.array(ring) * scale, bins - 1)
        if len(cut):
            simple = np.array(fewer(cut / scale, cap)) * scale
            allowed += filled(cut).symmetric_difference(filled(simple)).area + 1.5 * shapely.LinearRing(simple).length
            allowed += 16
    return allowed


def close_region(
    value: tuple[Polygon, ...],
    back: tuple[Polygon, ...],
    kit: Kit,
    frame: Frame,
    cap: int = 24,
    fewer: Fewer = simplify_ring,
) -> None:
    bins = kit.vocabulary.coordinate_bins
    scale = (bins - 1) / np.array([frame.width, frame.height])
    wanted = area_of(value, scale).intersection(shapely.box(0, 0, bins - 1, bins - 1))
    differs = wanted.symmetric_difference(area_of(back, scale)).area
    assert differs <= difference_allowed(value, cap, bins, frame, fewer)
    assert all(len(ring) <= cap for polygon in back for ring in polygon.rings)
    for polygon in back:  # outer rings run clockwise on the screen
        assert twice_area(np.array(polygon.exterior)) >= -1e-6


def twice_area(ring: np.ndarray) -> float:
    after = np.roll(ring, -1, axis=0)
    return float((ring[:, 0] * after[:, 1] - after[:, 0] * ring[:, 1]).sum())


def cut(box: Box, frame: Frame) -> Box:
    return Box(max(box.x0, 0.0), max(box.y0, 0.0), min(box.x1, frame.width), min(box.y1, frame.height))


def close_shapes(value: list[Instance], back: list[Instance], kit: Kit, frame: Frame) -> None:
    assert len(back) == len(value) and all(one.label == "fox" for one in back)
    close_boxes([replace(one, box=cut(one.bounds, frame)) for one in value], back, kit, frame)
    if len(value) == 1:  # several are sorted by area and may overlap: their polygons are compared one by one elsewhere
        close_region(value[0].polygons, back[0].polygons, kit, frame, fewer=at_equal_steps)
    else:
        close_region(
            tuple(part for one in value for part in one.polygons),
            tuple(part for one in back for part in one.polygons),
            kit,
            frame,
            fewer=at_equal_steps,
        )


def close_edit(value: tuple[Any, ...], back: tuple[Any, ...], kit: Kit, frame: Frame) -> None:
    assert back[1] == value[1]
    close_region(value[0], back[0], kit, frame)


CASES = {
    "Words": Case(Words(), some_text, same),
    "Choice": Case(Choice(LABELS), some_label, same),
    "Grounded": Case(Grounded(), some_grounded, close_grounded),
    "Keypoints": Case(Keypoints(NAMES), some_points, close_points),
    "Boxes": Case(Boxes(), some_boxes, close_boxes),
    "PaddedBoxes": Case(PaddedBoxes(5), some_boxes, close_boxes),
    "Layout": Case(Layout(), some_boxes, close_boxes, values=300),
    "Boxes, of one phrase": Case(Boxes(phrase="fox"), some_foxes, close_boxes, values=300),
    "Boxes, closed": Case(Boxes(labels=LABELS), some_boxes, close_boxes, values=300),
    "Region": Case(Region(), some_region, close_region),
    "Polygons": Case(Polygons(label="fox"), some_shapes, close_shapes),
    "Picture": Case(Picture(), some_codes, same),
    "DenseMap": Case(DenseMap(), some_map, same_map),
    "Chain": Case(Chain(Words(), Picture(), Words()), some_page, same),
    "Chain, edit": Case(Chain(Region(), Picture()), some_edit, close_edit, values=200),
}


def automaton_of(codec: Codec, kit: Kit) -> Automaton:
    eos = kit.vocabulary.control("eos")
    return compile_grammar(Sequence(codec.grammar(kit), Token(eos)), kit.vocabulary)


def obeys_the_law(case: Case, value: Any, kit: Kit, frame: Frame, automaton: Automaton) -> None:
    ids = case.codec.encode(value, kit, frame)
    sentence = [*ids, kit.vocabulary.control("eos")]
    assert automaton.accepts(sentence), automaton.explain(sentence)
    case.check(value, case.codec.decode(ids, kit, frame), kit, frame)


# --- the law ---------------------------------------------------------------------------------------------------------


def test_every_codec_has_a_case():
    assert {type(case.codec) for case in CASES.values()} == set(CODECS)


@pytest.mark.parametrize("name", CASES)
def test_values_come_back(name):
    case, random = CASES[name], np.random.default_rng(0)
    automata = [automaton_of(case.codec, kit) for kit in KITS]
    for number in range(case.values):
        kit, frame = KITS[number % 2], some_frame(random)
        obeys_the_law(case, case.sample(random, frame), kit, frame, automata[number % 2])


@given(text=st.text(min_size=1))
def test_any_text_comes_back(text):
    obeys_the_law(CASES["Words"], text, KITS[0], Frame(1, 1), automaton_of(Words(), KITS[0]))


points = st.tuples(st.floats(-20, 120, width=32), st.floats(-10, 70, width=32))
rings = st.one_of(
    st.lists(points, min_size=3, max_size=30),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=12),
)


HAIR = 4.9480621991535677e-29  # a width at which overlays once divided by nothing


@settings(deadline=None, max_examples=300)
@example(exterior=[(1, 0), (0, HAIR), (1, 1), (0, 0), (0, 1)], holes=[], kit=KITS[0], cap=4)
@example(exterior=[(1, 0), (0, HAIR), (0, 1), (0, 0)], holes=[], kit=KITS[0], cap=4)
@example(
    exterior=[(0, 1), (HAIR, 0), (0, 2), (1, 0), (0, 1), (101, 0), (0, 1), (1, 1), (0, 0)], holes=[], kit=KITS[0], cap=4
)
@given(exterior=rings, holes=st.lists(rings, max_size=2), kit=st.sampled_from(KITS), cap=st.integers(4, 24))
def test_any_rings_come_back(exterior, holes, kit, cap):
    frame, inside = Frame(60, 100), Polygon(((10, 10), (30, 10), (10, 30)))
    value = (inside, Polygon.from_arrays(exterior, holes))
    region = Region(vertices=cap)

    def check(value: Any, back: Any, kit: Kit, frame: Frame) -> None:
        # What runs over itself may hold no area at all, yet is written as a ring that does.
        if all(shapely.Polygon(ring).is_valid for ring in (exterior, *holes)):
            close_region(value, back, kit, frame, cap=cap)

    case = Case(region, some_region, check)
    obeys_the_law(case, value, kit, frame, automaton_of(region, kit))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("extra", [0, 7, 120])
def test_random_walks_decode(name, extra):
    """Whatever is drawn inside the grammar is a value, and a value that is accepted again."""
    codec, kit, frame = CASES[name].codec, KITS[1], Frame(48, 64)
    automaton = automaton_of(codec, kit)
    for ids in random_walks(automaton, WALKS, automaton.shortest + extra, seed=extra):
        value = codec.decode(ids[:-1], kit, frame)
        again = codec.encode(value, kit, frame)
        assert automaton.accepts([*again, ids[-1]]), automaton.explain([*again, ids[-1]])
        if name in ("Words", "Picture"):
            assert codec.decode(again, kit, frame) == value


def random_walks(automaton: Automaton, count: int, budget: int, seed: int) -> list[list[int]]:
    state = GrammarState([automaton] * count, [budget] * count)
    generator = torch.Generator().manual_seed(seed)
    walks: list[list[int]] = [[] for _ in range(count)]
    while not bool(state.done.all()):
        active = ~state.done
        mask = state.mask()
        # A modality is drawn first, or the many text ids would hide the few control ids.
        weights = mask.double() * (1.0 + 20.0 * torch.tensor(automaton.vocabulary.modalities() == 1))
        weights[~active, 0] = 1.0
        ids = torch.multinomial(weights, 1, generator=generator)[:, 0]
        for walk, drawn, is_active in zip(walks, ids.tolist(), active.tolist(), strict=True):
            if is_active:
                walk.append(drawn)
        state.advance(ids, active)
    assert all(automaton.accepts(walk) for walk in walks)
    return walks
