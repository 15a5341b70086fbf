"""The scene judge tells true pictures from forgeries; it must be neither blind nor lenient."""

from dataclasses import replace

import numpy as np
import pytest

from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.scene import relations_of
from anyvl.data.scenes.words import Fact, caption_of
from anyvl.data.scenes.world import World
from anyvl.evaluation.judge_report import FORGERS
from anyvl.evaluation.scene_judge import Reading, SceneJudge, fact_holds, matches

WORLD = World(grids=((10, 10), (8, 10), (13, 10)), factor=8, split="validation")
COUNT = 12


@pytest.fixture(scope="module")
def judge() -> SceneJudge:
    return SceneJudge()


@pytest.fixture(scope="module")
def readings(judge: SceneJudge) -> list[Reading]:
    return judge.read_many([draw_one(WORLD.scene(index), WORLD.sprites) for index in range(COUNT)])


def test_renders_are_read_right(readings: list[Reading]) -> None:
    right = [matches(reading, WORLD.scene(index)) for index, reading in enumerate(readings)]
    assert sum(right) >= COUNT - 1
    assert not any(matches(reading, WORLD.scene(index + 3)) for index, reading in enumerate(readings))


def test_facts_of_the_caption_hold_and_others_do_not(readings: list[Reading]) -> None:
    for index, reading in enumerate(readings):
        scene = WORLD.scene(index)
        if not matches(reading, scene):
            continue
        for fact in caption_of(scene, WORLD.rng(index, "caption"), full=True).facts:
            assert fact_holds(reading, fact, scene.height, scene.width), fact
        for fact in (Fact(kind="fox", colour="purple", place="centre"), Fact(ground="mauve")):
            assert not fact_holds(reading, fact, scene.height, scene.width)


@pytest.mark.parametrize("forgery", FORGERS)
def test_forgeries_are_rejected(judge: SceneJudge, forgery: str) -> None:
    scenes = [WORLD.scene(index) for index in range(100, 108)]
    forged = [FORGERS[forgery](s, WORLD.rng(i, forgery), WORLD.sprites) for i, s in enumerate(scenes)]
    accepted = [matches(reading, scene) for reading, scene in zip(judge.read_many(forged), scenes, strict=True)]
    assert sum(accepted) <= 1


def test_a_larger_picture_is_read_in_its_own_pixels(judge: SceneJudge) -> None:
    scene = WORLD.scene(1, 1)
    reading = judge.read(draw_one(scene, WORLD.sprites, scale=4.0))
    thing = scene.things[0]
    large = replace(scene, height=4 * scene.height, width=4 * scene.width).with_things(
        (replace(thing, x=4 * thing.x, y=4 * thing.y, size=4 * thing.size),)
    )
    assert matches(reading, large)


def test_a_thing_placed_by_words_may_stand_anywhere_in_its_place_and_nowhere_else(judge: SceneJudge) -> None:
    scene = WORLD.scene(1, 1)
    told = replace(scene.things[0], x=20.0, y=20.0, size=32.0)
    asked = scene.with_things((told,))
    for x, y, right in ((20.0, 20.0, True), (28.0, 24.0, True), (60.0, 20.0, False)):
        reading = judge.read(draw_one(scene.with_things((replace(told, x=x, y=y, size=36.0),)), WORLD.sprites))
        assert matches(reading, asked, (told,)) == right
        assert matches(reading, asked) == (x == 20.0)
    recoloured = replace(told, colour=(told.colour + 1) % 9)
    reading = judge.read(draw_one(scene.with_things((recoloured,)), WORLD.sprites))
    assert not matches(reading, asked, (told,))


def test_nothing_is_seen_in_noise_or_on_bare_ground(judge: SceneJudge) -> None:
    noise = np.random.default_rng(0).integers(256, size=(64, 80, 3), dtype=np.uint8)
    assert judge.read(noise).is_none
    bare = judge.read(np.full((64, 80, 3), (245, 245, 245), np.uint8))
    assert bare.is_none and bare.ground == "white" and bare.unexplained == 0


def test_what_is_inside_another_thing_is_read_with_it() -> None:
    """A figure with something before its middle is neither a ring nor one thing over two."""
    judge, read = SceneJudge(), 0
    for index in range(300):
        scene = WORLD.scene(index, 2)
        one, other = scene.things
        if "inside" in relations_of(other, one, scene):
            assert matches(judge.read(draw_one(scene, WORLD.sprites)), scene), scene
            read += 1
    assert read >= 5
