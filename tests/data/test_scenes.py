"""Laws of the scene world: scenes obey their own rules, truth agrees with pixels, splits don't meet."""

import dataclasses

import numpy as np
import pytest

from anyvl.data.scenes.catalogue import GROUND_NAMES, KIND_NAMES, KINDS, STYLES, find_kind
from anyvl.data.scenes.draw import draw, draw_one, to_uint8
from anyvl.data.scenes.edits import EDIT_KINDS
from anyvl.data.scenes.knowledge import repertoire_of, world_knowledge
from anyvl.data.scenes.repertoire import BASIC, FIRST, FULL, Repertoire
from anyvl.data.scenes.scene import (
    MOST_THINGS,
    PLACES,
    RELATIONS,
    Ground,
    Scene,
    Thing,
    covered,
    place_of,
    relation_of,
    relations_of,
)
from anyvl.data.scenes.sprites import load_sprites
from anyvl.data.scenes.truth import instances_of, outline_of, polygons_of, visible_regions
from anyvl.data.scenes.words import (
    NUMBERS,
    absent_phrase,
    caption_of,
    plural_of,
    referring_phrase,
    refers_to,
    singled_out,
)
from anyvl.data.scenes.world import SPLITS, World
from anyvl.errors import ConfigError, UnknownNameError
from anyvl.values import Frame, Instance

GRIDS = ((8, 8), (6, 10), (10, 6))


FLAT = dataclasses.replace(BASIC, styles=("flat",))


def world(split: str = "training", repertoire: Repertoire = FLAT) -> World:
    return World(grids=GRIDS, factor=8, split=split, repertoire=repertoire)


@pytest.mark.parametrize("repertoire", (FIRST, BASIC, FULL), ids=("first", "basic", "full"))
def test_held_out_pairs_are_one_colour_a_thing_and_never_natural(repertoire: Repertoire) -> None:
    for name in repertoire.things:
        lacking = [colour for colour in repertoire.colours if repertoire.is_held_out(name, colour)]
        assert len(lacking) == 1 and lacking != [find_kind(name).natural]
    even = len(repertoire.things) / len(repertoire.colours)
    for colour in repertoire.colours:
        shared = sum(repertoire.is_held_out(name, colour) for name in repertoire.things)
        assert 0.4 * even <= shared <= 2 * even, "every colour is lacked by a few things, none by many"


def test_a_name_means_one_thing() -> None:
    words = [word for kind in KINDS for word in {kind.name, kind.plural}]
    assert len(set(words)) == len(words) and len(KINDS) >= 560
    assert not {synonym for kind in KINDS for synonym in kind.synonyms} & set(KIND_NAMES)
    assert all("flat" in kind.styles and set(kind.styles) <= set(STYLES) for kind in KINDS)


def test_a_model_that_tells_what_it_knows_is_examined_on_that() -> None:
    assert repertoire_of(world_knowledge(BASIC)) == BASIC
    assert repertoire_of(world_knowledge(FIRST)) == FIRST


@pytest.mark.parametrize("split", SPLITS)
def test_scenes_keep_to_their_split_and_lie_inside(split: str) -> None:
    for index in range(150):
        scene = world(split).scene(index)
        assert 1 <= len(scene.things) <= MOST_THINGS
        for thing in scene.things:
            assert FLAT.is_held_out(thing.name, thing.colour_name) == (split == "held_out")
            assert thing.colour in FLAT.colours_on(scene.ground.kind), "it can be told from its ground"
            assert thing.size / 2 <= thing.x + 1e-6 and thing.x <= scene.width - thing.size / 2 + 1e-6
            assert thing.size / 2 <= thing.y + 1e-6 and thing.y <= scene.height - thing.size / 2 + 1e-6


def test_splits_share_no_picture_and_a_scene_depends_on_its_number_alone() -> None:
    """A scene belongs to one split alone, also where another seed or another split draws the same one."""
    for split in SPLITS:
        for index in range(60):
            scene = world(split).scene(index)
            turned = dataclasses.replace(
                scene, ground=dataclasses.replace(scene.ground, angle=1.0), things=scene.things[::-1]
            )
            assert [other for other in SPLITS if world(other).owns(turned)] == [split]
    assert all(world().owns(world().edit(index).target) for index in range(60))
    rng = np.random.default_rng(0)
    assert all(world().owns(world().any_scene(rng, 64, 80, anywhere=index % 2 > 0)) for index in range(60))
    assert world("test").scene(7) == world("test").scene(7) != world("test").scene(10)


@pytest.mark.parametrize("lattice", [1, 4, 8])
def test_things_stand_on_the_lattice(lattice: int) -> None:
    scattered = dataclasses.replace(world(), lattice=lattice)
    for index in range(100):
        edit = scattered.edit(index)
        for thing in (*edit.source.things, *edit.target.things):
            corner = thing.x - thing.size / 2, thing.y - thing.size / 2
            assert all(number % lattice == 0 for number in (*corner, thing.size)), thing
    sizes = {thing.size for index in range(100) for thing in scattered.scene(index).things}
    assert len(sizes) >= 3


def test_edits_of_training_show_no_held_out_pair() -> None:
    for index in range(300):
        for thing in world().edit(index).target.things:
            assert not FLAT.is_held_out(thing.name, thing.colour_name)


def test_outlines_agree_with_drawn_pixels() -> None:
    """A polygon rasterised covers the pixels where the drawing is opaque, to a fringe of a pixel."""
    sprites = load_sprites(FLAT)
    frame = Frame(height=72, width=96)
    for kind in FLAT.kinds:
        thing = Thing(kind=kind, colour=4, x=51.3, y=33.8, size=44.0)
        opaque = _opacity(thing, frame) > 0.5
        mask = Instance(label="x", polygons=polygons_of(outline_of(thing, "flat", sprites)), frame=frame).mask()
        assert (mask & opaque).sum() / (mask | opaque).sum() > 0.85, KIND_NAMES[kind]


def _opacity(thing: Thing, frame: Frame) -> np.ndarray:
    """How much of the ground a thing hides, told from what shows of a white and of a black one."""
    white, black = (
        [
            draw_one(_alone(other, ground, frame), load_sprites(FLAT)).astype(float)[..., 0]
            for other in (thing, _elsewhere)
        ]
        for ground in ("white", "black")
    )
    return 1 - (white[0] - black[0]) / (white[1] - black[1])


_elsewhere = Thing(kind=0, colour=0, x=-500.0, y=-500.0, size=10.0)


def _alone(thing: Thing, ground: str, frame: Frame) -> Scene:
    behind = Ground(kind=GROUND_NAMES.index(ground))
    return Scene(height=frame.height, width=frame.width, ground=behind, things=(thing,))


def test_what_is_in_front_hides_what_is_behind() -> None:
    sprites = load_sprites()
    behind = Thing(kind=KIND_NAMES.index("square"), colour=0, x=30, y=30, size=30)
    front = Thing(kind=KIND_NAMES.index("circle"), colour=1, x=42, y=30, size=20)
    ground = Ground(kind=0)
    seen = visible_regions(Scene(height=64, width=80, ground=ground, things=(behind, front)), sprites)
    assert seen[0].intersection(seen[1]).area < 1e-6
    assert seen[0].area < outline_of(behind, "flat", sprites).area - 50
    assert abs(seen[1].area - outline_of(front, "flat", sprites).area) < 1e-6


def test_a_batch_draws_what_each_scene_draws_alone() -> None:
    sprites = load_sprites(FLAT)
    scenes = [world().scene(3 * index + 1) for index in range(12)]
    together = to_uint8(draw(scenes, sprites)).numpy()
    for scene, picture in zip(scenes, together, strict=True):
        assert np.array_equal(picture, draw_one(scene, sprites))


def test_edits_differ_only_inside_their_change() -> None:
    """Outside the stated change (grown by the antialiased fringe) source and target are the same pixels."""
    made = dict.fromkeys(EDIT_KINDS, 0)
    for index in range(120):
        edit = world("validation").edit(index)
        made[edit.kind] += 1
        before, after = (draw_one(s, load_sprites(FLAT)).astype(int) for s in (edit.source, edit.target))
        changed = np.abs(before - after).max(-1) > 0
        assert changed.any(), edit
        frame = Frame(height=edit.source.height, width=edit.source.width)
        mask = Instance(label="x", polygons=polygons_of(edit.change.buffer(2.5)), frame=frame).mask()
        # Visible slivers below a hundredth of a thing's square are left out of the truth.
        least = max(0.015 * thing.size**2 for thing in (*edit.source.things, *edit.target.things))
        assert edit.kind == "ground" or (changed & ~mask).sum() <= least, edit.instruction
    assert min(made.values()) >= 5, made


def test_phrases_refer_to_what_they_say() -> None:
    for index in range(200):
        scene, rng = world().scene(index), world().rng(index, "test")
        if not singled_out(scene):
            assert len({(thing.kind, thing.colour) for thing in scene.things}) < len(scene.things)
            continue
        thing = singled_out(scene)[-1]
        phrase = referring_phrase(scene, thing, rng)
        noun = next(word for word in sorted(_nouns(), key=len, reverse=True) if phrase.endswith(word))
        colour = phrase.removesuffix(noun).strip()
        assert [t for t in scene.things if refers_to(find_kind(noun).name, colour, t)] == [thing]
        nothing = absent_phrase(scene, rng)
        noun = next(word for word in sorted(_nouns(), key=len, reverse=True) if nothing.endswith(word))
        colour = nothing.removesuffix(noun).strip()
        assert not any(refers_to(find_kind(noun).name, colour, t) for t in scene.things)


def _nouns() -> list[str]:
    return [word for kind in KINDS for word in (kind.name, *kind.synonyms)]


def test_captions_consist_of_known_words_and_name_everything() -> None:
    known = set(world_knowledge(FLAT)["words"])
    for index in range(200):
        scene = world().scene(index)
        caption = caption_of(scene, world().rng(index, "test"), full=True)
        assert set(caption.words.replace(",", "").split()) <= known
        twins = len({(t.kind, t.colour) for t in scene.things}) < len(scene.things)
        for t in scene.things:
            assert f"{t.colour_name} {plural_of(t.name) if twins else t.name}" in caption.words


def test_families_are_counted_and_their_count_is_a_fact() -> None:
    counted = 0
    for index in range(200):
        scene = world().scene(index, how_many=2 + index % 5, family=True)
        assert len({thing.kind for thing in scene.things}) == 1
        caption = caption_of(scene, world().rng(index, "test"))
        facts = [fact for fact in caption.facts if fact.count]
        counted += len(facts)
        for fact in facts:
            assert (fact.kind, fact.count) == (scene.things[0].name, len(scene.things))
            shade = f"{fact.colour} " if fact.colour else ""
            assert {fact.colour} <= {"", *(thing.colour_name for thing in scene.things)}
            assert caption.words.startswith(f"{NUMBERS[fact.count]} {shade}{plural_of(fact.kind)}")
    assert 120 < counted < 190, "twins always, others now and then"
    drawn = [len({thing.kind for thing in world().scene(index, how_many=3).things}) for index in range(200)]
    assert 10 <= drawn.count(1) <= 60


def test_places_and_relations() -> None:
    ground = Ground(kind=0)
    at = {
        place: (x, y)
        for place, (y, x) in zip(PLACES, [(y, x) for y in (20, 50, 80) for x in (30, 60, 90)], strict=True)
    }
    for place, (x, y) in at.items():
        thing = Thing(kind=0, colour=0, x=x, y=y, size=20)
        assert place_of(thing, Scene(height=100, width=120, ground=ground, things=(thing,))) == place
    left, right = (Thing(kind=0, colour=0, x=x, y=50, size=20) for x in (20, 90))
    assert relation_of(left, right) == "left of" and relation_of(right, left) == "right of"


def test_relations_are_seen_in_the_picture() -> None:
    """What is behind another is partly hidden by it; what is inside lies before it; and every relation comes up."""
    met = dict.fromkeys(RELATIONS, 0)
    for index in range(400):
        scene = world().scene(index, how_many=2)
        one, other = scene.things
        assert "behind" not in relations_of(other, one, scene), "the last one is in front"
        for relation in relations_of(one, other, scene) + relations_of(other, one, scene):
            met[relation] += 1
        if "behind" in relations_of(one, other, scene):
            assert "in front of" in relations_of(other, one, scene) and covered(one, other) >= 0.15
        if "inside" in relations_of(other, one, scene):
            assert covered(one, other) == 1.0 and other.size < 0.6 * one.size
            assert relations_of(one, other, scene) == ()
    assert min(met.values()) >= 8, met


def test_unknown_names_teach() -> None:
    with pytest.raises(UnknownNameError, match="fox"):
        find_kind("foxx")
    with pytest.raises(ConfigError, match="no families of held-out pairs"):
        world("held_out").scene(0, how_many=2, family=True)
    with pytest.raises(UnknownNameError, match="held_out"):
        world("heldout")


def test_instances_have_the_scene_as_frame() -> None:
    scene = world().scene(1)
    for instance in instances_of(scene, load_sprites(FLAT)):
        assert (instance.frame.height, instance.frame.width) == (scene.height, scene.width) == (48, 80)
