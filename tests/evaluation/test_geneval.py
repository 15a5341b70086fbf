"""Prompts of a category state what its scenes show, and nothing else would do."""

import dataclasses

import pytest

from anyvl.data.scenes.scene import Scene
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
    assert [len(scene.things) for scene in scenes[: len(category.things)]] == list(category.things)
    for scene in scenes:
        words, facts = category.asked(scene)
        reading = seen(scene)
        assert all(fact_holds(reading, fact, scene.height, scene.width) for fact in facts), words
        fewer = dataclasses.replace(reading, things=reading.things[1:])
        assert not all(fact_holds(fewer, fact, scene.height, scene.width) for fact in facts), words
    assert len({category.asked(scene)[0] for scene in scenes}) > 12


def test_too_many_is_a_wrong_count() -> None:
    category = CATEGORIES["counting"]
    two, three = _scenes(WORLD, category, 2)
    (fact,) = category.asked(two)[1]
    many = [dataclasses.replace(thing, kind=two.things[0].name) for thing in seen(three).things]
    assert not fact_holds(dataclasses.replace(seen(three), things=tuple(many)), fact, three.height, three.width)
