"""Prompts of a category state what its scenes show, and nothing else would do."""

import dataclasses
from itertools import permutations

import pytest

from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.words import caption_of
from anyvl.data.scenes.world import World
from anyvl.evaluation import geneval
from anyvl.evaluation.geneval import CATEGORIES, _scenes
from anyvl.evaluation.judgement import Reading, Sighting, fact_holds
from anyvl.evaluation.scene_judge import SceneJudge
from anyvl.pipeline import AnyVL

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


def test_what_choosing_is_worth_is_asked_of_the_same_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is right once it paints four."""
    asked: list[tuple[int, list[str], int]] = []

    def painted(
        model: object, scenes: list[Scene], words: list[str], first_seed: int, candidates: int
    ) -> list[Reading]:
        asked.append((candidates, list(words), first_seed))
        nothing = [dataclasses.replace(seen(scene), things=()) for scene in scenes]
        return list(map(seen, scenes)) if candidates >= 4 else nothing

    monkeypatch.setattr(geneval, "painted_to", painted)
    monkeypatch.setattr(SceneJudge, "read_many", lambda _, readings: readings)
    scores = geneval.candidates(object.__new__(AnyVL), WORLD, object.__new__(SceneJudge), 2)
    assert [one.value for one in scores] == [0.0, 0.0, 1.0, 1.0] and [many for many, _, _ in asked] == [1, 2, 4, 8]
    assert len({(tuple(words), seed) for _, words, seed in asked}) == 1 and len(asked[0][1]) == 2 * len(CATEGORIES)


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
