"""Polygons and regions: parts, holes, order, caps, scores, and IoU in pixels."""

import itertools

import numpy as np
import pytest

from anyvl.codecs import Kit, Polygons, Region, TextTokenizer
from anyvl.data.scenes.repertoire import BASIC
from anyvl.data.scenes.scene import Thing
from anyvl.data.scenes.sprites import load_sprites
from anyvl.data.scenes.truth import instance_of, outline_of
from anyvl.errors import ConfigError, InputError
from anyvl.geometry import mask_iou
from anyvl.values import Box, Frame, Instance, Polygon
from anyvl.vocabulary import Vocabulary

TEXT = TextTokenizer.train(["a"], size=256)
KIT = Kit(vocabulary=Vocabulary(num_text=256, coordinate_bins=101, num_codes=0), text=TEXT)
FINE = Kit(vocabulary=Vocabulary(num_text=256, coordinate_bins=1000, num_codes=0), text=TEXT)
EVEN = Kit(vocabulary=Vocabulary(num_text=256, coordinate_bins=128, num_codes=0), text=TEXT)
FRAME, WIDE = Frame(100, 100), Frame(height=112, width=160)
TRIANGLE = Polygon(((10, 20), (50, 20), (10, 60)))


def square(x, y, size, hole=None):
    def ring(x, y, size):
        return ((x, y), (x + size, y), (x + size, y + size), (x, y + size))

    return Polygon(ring(x, y, size), (ring(*hole),) if hole else ())


def words(ids, kit=KIT):
    return " ".join(kit.vocabulary.describe(id).replace("coordinate ", "") for id in ids)


def test_the_worked_example():
    ids = Region().encode((TRIANGLE,), KIT, FRAME)
    assert words(ids) == "<polygon> 10 20 50 20 10 60"
    (back,) = Region().decode(ids, KIT, FRAME)
    np.testing.assert_allclose(back.exterior, TRIANGLE.exterior)


def test_parts_and_holes_come_largest_first():
    value = (
        square(70, 70, 9),
        Polygon(square(0, 0, 50).exterior, (square(5, 5, 5).exterior, square(20, 20, 9).exterior)),
    )
    ids = Region().encode(value, KIT, FRAME)
    assert words(ids).split("<polygon>")[1].count("<hole>") == 2
    large, small = Region().decode(ids, KIT, FRAME)
    np.testing.assert_allclose(small.exterior, value[0].exterior)
    assert [hole[0] for hole in large.holes] == [pytest.approx((20, 20)), pytest.approx((5, 5))]


def test_a_hole_thinner_than_a_bin_is_left_out_and_a_part_is_not():
    value = (square(10, 10, 50, hole=(30.1, 30.1, 0.2)), square(80.1, 80.1, 0.2))
    large, small = Region().decode(Region().encode(value, KIT, FRAME), KIT, FRAME)
    assert large.holes == () and small.bounds.area == pytest.approx(1)


@pytest.mark.parametrize("cap", [4, 7, 24])
def test_the_cap_is_kept(cap):
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    circle = Polygon.from_arrays(np.stack([50 + 40 * np.cos(angles), 50 + 30 * np.sin(angles)], axis=1).tolist())
    (back,) = Region(vertices=cap).decode(Region(vertices=cap).encode((circle,), FINE, FRAME), FINE, FRAME)
    assert len(back.exterior) == cap


@pytest.mark.parametrize("cap, least", [(8, 0.88), (24, 0.98)])
def test_iou_of_an_ellipse_with_a_hole(cap, least):
    """A regular 8-gon fills 90 % of its circle and a 24-gon 98.9 %; a hole costs the rest."""
    frame, angles = Frame(300, 500), np.linspace(0, 2 * np.pi, 300, endpoint=False)
    ring = np.stack([250 + 200 * np.cos(angles), 150 + 120 * np.sin(angles)], axis=1)
    hole = (ring - [250, 150]) * 0.3 + [250, 150]
    value = Instance(label="ring", polygons=(Polygon.from_arrays(ring.tolist(), [hole.tolist()]),), frame=frame)
    codec = Polygons(label="ring", vertices=cap)
    (back,) = codec.decode(codec.encode([value], FINE, frame), FINE, frame)
    assert mask_iou(value.mask(), back.mask()) >= least - 0.01


def test_writing_again_changes_nothing():
    random = np.random.default_rng(0)
    for _ in range(200):
        angles = np.sort(random.uniform(0, 2 * np.pi, random.integers(3, 20)))
        star = 50 + np.stack([np.cos(angles), np.sin(angles)], axis=1) * random.uniform(5, 45, (len(angles), 1))
        ids = Region().encode((Polygon.from_arrays(star.tolist()),), KIT, FRAME)
        assert Region().encode(Region().decode(ids, KIT, FRAME), KIT, FRAME) == ids


def test_instances_come_largest_first_with_label_and_scores():
    value = [Instance(label="fox", polygons=(part,), frame=FRAME) for part in (TRIANGLE, square(40, 40, 50))]
    codec = Polygons(label="the fox")
    ids = codec.encode(value, KIT, FRAME)
    large = "<object> <box> 40 40 90 90 <polygon> 0 0 100 0 100 100 0 100 </object>"
    assert words(ids) == f"{large} <object> <box> 10 20 50 60 <polygon> 0 0 100 0 0 100 </object>"
    back = codec.decode(ids, KIT, FRAME, [0.9] + [0.1] * 15 + [0.4] + [0.1] * 13)
    assert [(one.label, one.score) for one in back] == [("the fox", 0.9), ("the fox", 0.4)]
    assert [one.score for one in codec.decode(ids, KIT, FRAME)] == [1.0, 1.0]


def test_the_same_outline_is_the_same_ids_wherever_and_however_large():
    angles, random = np.linspace(0, 2 * np.pi, 48, endpoint=False), np.random.default_rng(0)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    star = circle * (1 + 0.3 * np.sin(5 * angles + 1))[:, None]
    for shape in (
        star,
        circle,
    ):  # of a symmetric one the middle of each side lies between two of an even number of bins
        boxes, outlines = set(), set()
        for _ in range(100):
            size = random.uniform(9, 35)
            ring = Polygon.from_arrays((random.uniform(50, 62, 2) + size * shape).tolist())
            line = words(Polygons().encode([Instance(label="x", polygons=(ring,), frame=WIDE)], EVEN, WIDE), EVEN)
            box, outline = line.split("<polygon>")
            boxes.add(box)
            outlines.add(outline)
        assert len(outlines) == 1 and len(boxes) > 90


def test_a_drawing_is_the_same_ids_in_every_scene():
    sprites, outlines = load_sprites(BASIC), []
    for size, x in itertools.product((16, 24, 40, 64), (48, 56)):
        thing = Thing(kind=BASIC.kinds[0], colour=0, x=x, y=56, size=size)
        seen = instance_of(outline_of(thing, "flat", sprites), "fox", WIDE)
        outlines.append(words(Polygons().encode([seen], EVEN, WIDE), EVEN).split("<polygon>")[1])
    assert len(set(outlines)) == 1


def test_an_outline_is_written_whole_whatever_box_comes_with_it():
    hull, around = Box(20, 20, 80, 80), Box(10, 0, 90, 100)
    for box, written in ((Box(60, 60, 90, 90), hull), (Box(20, 20, 50, 50), hull), (around, around)):
        value = Instance(label="fox", box=box, polygons=(square(20, 20, 60),), frame=FRAME)
        (back,) = Polygons().decode(Polygons().encode([value], KIT, FRAME), KIT, FRAME)
        assert back.bounds == written and np.array_equal(back.mask(), value.mask())


def test_a_ring_of_many_vertices_has_equal_steps():
    angles = 2 * np.pi * np.linspace(0, 1, 500, endpoint=False) ** 1.5
    circle = Polygon.from_arrays((50 + 40 * np.stack([np.cos(angles), np.sin(angles)], axis=1)).tolist())
    codec = Polygons(vertices=16)
    ids = codec.encode([Instance(label="disc", polygons=(circle,), frame=FRAME)], FINE, FRAME)
    (back,) = codec.decode(ids, FINE, FRAME)
    ring = np.array(back.polygons[0].exterior)
    steps = np.hypot(*(np.roll(ring, -1, axis=0) - ring).T)
    assert len(ring) == 16 and steps.max() < 1.05 * steps.min()


def test_what_is_read_is_written_again():
    random = np.random.default_rng(0)
    for _ in range(200):
        angles = np.sort(random.uniform(0, 2 * np.pi, random.integers(3, 60)))
        star = 50 + np.stack([np.cos(angles), np.sin(angles)], axis=1) * random.uniform(5, 45, (len(angles), 1))
        thing = Instance(label="star", polygons=(Polygon.from_arrays(star.tolist()),), frame=FRAME)
        ids = Polygons().encode([thing], KIT, FRAME)
        assert Polygons().encode(Polygons().decode(ids, KIT, FRAME), KIT, FRAME) == ids


def test_no_instances_are_no_ids():
    assert Polygons().encode([], KIT, FRAME) == [] and Polygons().decode([], KIT, FRAME) == []


def test_what_cannot_be_written_is_said():
    boxed = Instance(label="fox", box=Box(0, 0, 9, 9), frame=FRAME)
    with pytest.raises(InputError, match="'fox' has no polygons"):
        Polygons().encode([boxed], KIT, FRAME)
    with pytest.raises(InputError, match="at least one part inside"):
        Region().encode((square(200, 200, 50),), KIT, FRAME)
    with pytest.raises(InputError, match="at least one part inside"):
        Region().encode((), KIT, FRAME)
    with pytest.raises(ConfigError, match="at least 4 vertices"):
        Region(vertices=3)
    with pytest.raises(ConfigError, match="at least 4 vertices"):
        Polygons(vertices=3)


def test_parts_outside_are_cut_away():
    ids = Region().encode((square(200, 200, 50), square(80, -10, 40)), KIT, FRAME)
    assert words(ids) == "<polygon> 80 0 100 0 100 30 80 30"
