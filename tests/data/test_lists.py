"""Lists that questions come behind: half of them true, the others near to it, and never of what a training must not show."""

import numpy as np
import pytest
from small_corpus import Checksums

from anyvl.data.lists import listed_with_slips, listing_of
from anyvl.data.scenes.corpus import Corpus
from anyvl.data.scenes.world import World
from anyvl.geometry import box_iou

WORLD = World(grids=((6, 8), (8, 6)), factor=16)
MANY = 300


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus(WORLD, Checksums(16, 50))


def test_a_listing_names_each_thing_with_its_colour_largest_first(corpus: Corpus) -> None:
    for index in range(40):
        scene = WORLD.scene(index)
        things = listing_of(scene, WORLD.sprites)
        assert sorted(one.label for one in things) == sorted(f"{t.colour_name} {t.name}" for t in scene.things)
        areas = [one.bounds.area for one in things]
        assert areas == sorted(areas, reverse=True)


def test_half_of_the_lists_are_true_and_the_others_nearly(corpus: Corpus) -> None:
    true = kept = renamed = entries = extra = 0
    for index in range(MANY):
        scene = WORLD.scene(index)
        told, truth = listed_with_slips(corpus, index, np.random.default_rng(index)), listing_of(scene, WORLD.sprites)
        true += told == truth
        entries += len(truth) if told != truth else 0
        if told == truth:
            continue
        for one in told:
            colour, _, name = one.label.partition(" ")
            assert not scene.repertoire.is_held_out(name, colour)
            assert 0 <= one.bounds.x0 < one.bounds.x1 <= scene.width
            assert 0 <= one.bounds.y0 < one.bounds.y1 <= scene.height
            near = [t for t in truth if box_iou(one.bounds.as_tuple(), t.bounds.as_tuple()) > 0.6]
            kept += bool(near)
            renamed += bool(near) and all(t.label != one.label for t in near)
            extra += not near
    assert 0.4 < true / MANY < 0.6
    assert 0.8 < kept / entries < 0.97 and 0.02 < renamed / kept < 0.2 and 0 < extra < 0.15 * MANY
