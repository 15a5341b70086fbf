"""Prompts of a category state what its scenes show, and nothing else would do."""

import dataclasses
from itertools import permutations

import pytest

from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.words import caption_of
from anyvl.data.scenes.world import World
from anyvl.evaluation.geneval import CATEGORIES, _scenes
from anyvl.evaluation.judgement import Reading, Sighting, fact_holds

WORLD = World(grids=((10, 10), (8, 12)), factor=8, split="test")


def seen(scene: Scene) -> Reading:
    """What a judge without fault reads."""
    things = [
        Sighting(kind=thing.name, colour=thing.colour_name, x=thing.x, y=thing.y, size=thing.size, fit=1.0)
        for thing in scene.things
    ]
    return Reading(things=tuple(things), ground=scene.ground.name, unexplained=0.0)


@pytest.mark.parametrize("name", CATEGORIES)
def test_prompts_hold_of_their_scenes_and_of_no_others(name: str) -> None:
    category = CATEGORIES[name]
    scenes = _scenes(WORLD, category, 24)
    met = {(len(scene.things), scene.height) for scene in scenes}
    assert met == {(number, height) for number in category.things for height in (80, 64)}
    for scene in scenes:
        words, facts = category.asked(scene)
        reading = seen(scene)
        assert all(fact_holds(reading, fact, scene.height, scene.width) for fact in facts), words
        fewer = dataclasses.replace(reading, things=reading.things[1:])
        assert not all(fact_holds(fewer, fact, scene.height, scene.width) for fact in facts), words
    assert len({category.asked(scene)[0] for scene in scenes}) > 12


def test_too_many_is_a_wrong_count() -> None:
    category = CATEGORIES["counting"]
    two, _, three = _scenes(WORLD, category, 3)
    (fact,) = category.asked(two)[1]
    many = [dataclasses.replace(thing, kind=two.things[0].name) for thing in seen(three).things]
    assert not fact_holds(dataclasses.replace(seen(three), things=tuple(many)), fact, three.height, three.width)


def test_relations_are_between_things_of_the_colours_named() -> None:
    for index in range(40):
        scene = WORLD.scene(index, 2, True)
        facts = [fact for fact in caption_of(scene, WORLD.rng(index, "fact"), full=True).facts if fact.relation]
        swapped = [dataclasses.replace(one, colour=other.colour) for one, other in permutations(seen(scene).things)]
        exchanged = dataclasses.replace(seen(scene), things=tuple(swapped))
        for fact in facts:
            assert fact_holds(seen(scene), fact, scene.height, scene.width)
            assert not fact_holds(exchanged, fact, scene.height, scene.width)
