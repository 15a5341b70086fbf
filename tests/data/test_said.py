"""What is said, asked and marked about scenes is true of them: checked against plain readings of the words."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from anyvl.data.scenes.catalogue import KIND_NAMES
from anyvl.data.scenes.knowledge import world_knowledge
from anyvl.data.scenes.landmarks import LANDMARKS, landmarks_of
from anyvl.data.scenes.maps import depth_map, instance_map
from anyvl.data.scenes.questions import QUESTION_KINDS, sample_question
from anyvl.data.scenes.referring import sample_referring
from anyvl.data.scenes.repertoire import BASIC
from anyvl.data.scenes.scene import SIZES, Ground, Scene, Thing, covered, place_of, relations_of, size_of
from anyvl.data.scenes.sprites import load_sprites
from anyvl.data.scenes.stories import description_of, grounded_caption
from anyvl.data.scenes.truth import instances_of, outline_of, polygons_of
from anyvl.data.scenes.words import NUMBERS, PLACE_WORDS, caption_of, plural_of
from anyvl.data.scenes.world import World
from anyvl.evaluation.caption_facts import facts_in
from anyvl.values import Frame, Instance

FLAT = replace(BASIC, styles=("flat",))
WORLD = World(grids=((8, 10), (10, 10)), factor=8, repertoire=FLAT)
NOUNS = {word: name for name in FLAT.things for word in (name, plural_of(name))} | {"thing": "", "things": ""}
PLACES = {words[0]: place for place, words in PLACE_WORDS.items()}
NOUN = "|".join(sorted(NOUNS, key=len, reverse=True))
PHRASE = rf"(?:(?P<size>{'|'.join(SIZES)}) )?(?:(?P<colour>{'|'.join(FLAT.colours)}) )?(?P<noun>{NOUN})"


def read(phrase: str, scene: Scene) -> list[Thing]:
    """The things that a phrase's words mean, read anew."""
    head = re.fullmatch(rf"{PHRASE}(?: (?P<rest>.+))?", phrase)
    assert head, phrase
    kind, colour, rest = NOUNS[head["noun"]], head["colour"] or "", head["rest"] or ""
    things = [t for t in scene.things if kind in ("", t.name) and colour in ("", t.colour_name)]
    things = [t for t in things if (head["size"] or "") in ("", size_of(t, scene))]
    if rest in PLACES:
        return [t for t in things if place_of(t, scene) == PLACES[rest]]
    if rest:
        relation, other = rest.split(" the ")
        (anchor,) = read(other, scene)
        return [t for t in things if t is not anchor and relation in relations_of(t, anchor, scene)]
    return things


@pytest.mark.parametrize("how_many", (0, 1, 2))
def test_phrases_refer_to_as_many_things_as_asked_for(how_many: int) -> None:
    met = 0
    for index in range(150):
        scene, rng = WORLD.scene(index), WORLD.rng(index, "referring")
        phrase = sample_referring(scene, rng, how_many)
        referents = phrase.referents(scene)
        assert referents is not None
        assert list(referents) == read(phrase.words(), scene), phrase.words()
        met += len(referents) >= 2 if how_many == 2 else len(referents) == how_many
    assert met >= (40 if how_many == 2 else 140), "several may be too many for a scene, and one of twins too few"


def test_no_phrase_of_a_training_says_that_a_held_out_pair_is_missing() -> None:
    world, pairs = World(grids=((8, 10),), factor=8, repertoire=BASIC), 0
    for index in range(600):
        phrase = sample_referring(world.scene(index % 60), world.rng(index, "missing"), how_many=0)
        pairs += bool(phrase.kind and phrase.colour)
        assert not (phrase.kind and phrase.colour and world.repertoire.is_held_out(phrase.kind, phrase.colour))
    assert pairs > 150


def test_phrases_come_in_all_forms() -> None:
    phrases = [sample_referring(WORLD.scene(i), WORLD.rng(i, "forms")) for i in range(300)]
    for has in ("kind", "colour", "size", "place", "relation", "plural"):
        assert sum(bool(getattr(phrase, has)) for phrase in phrases) >= 15, has


def asked(kind: str, count: int = 60) -> list:
    pairs = ((WORLD.scene(i), sample_question(WORLD.scene(i), WORLD.rng(i, f"ask {kind}"), kind)) for i in range(400))
    return [(scene, question) for scene, question in pairs if question is not None][:count]


@pytest.mark.parametrize("kind", QUESTION_KINDS)
def test_questions_have_their_answer_among_their_options_and_more_than_one_answer(kind: str) -> None:
    pairs = asked(kind)
    assert len(pairs) == 60
    assert all(question.answer in question.options for _, question in pairs)
    assert len({question.answer for _, question in pairs}) > 1


def test_answers_are_true() -> None:
    for scene, question in asked("exists"):
        phrase = re.sub(r"^(are there any|is there an?) |\?$", "", question.words)
        assert question.answer == ("yes" if read(phrase, scene) else "no"), question
    for scene, question in asked("count"):
        phrase = re.sub(r"^how many | are there\?$", "", question.words)
        assert question.answer == NUMBERS[len(read(phrase, scene))], question
    for scene, question in asked("colour"):
        noun = question.words.removeprefix("what colour is the ").removesuffix("?")
        assert question.answer == (scene.ground.name if noun == "background" else read(noun, scene)[0].colour_name), (
            question
        )
    for scene, question in asked("where"):
        (thing,) = read(question.words.removeprefix("where is the ").removesuffix("?"), scene)
        assert PLACES[question.answer] == place_of(thing, scene)
    for scene, question in asked("relation"):
        words = re.sub(r"^what is |\?$", "", question.words)
        assert [t.name for t in read(f"thing {words}", scene)] == [question.answer], question
    for scene, question in asked("compare"):
        one, other = (read(noun, scene)[0] for noun in re.findall(rf"the ({NOUN})", question.words))
        larger = one if one.size > other.size else other
        assert question.answer == (larger.name if "which" in question.words else "yes" if larger is one else "no")


def test_key_points_are_extremes_of_the_outline_and_hidden_behind_what_is_in_front() -> None:
    sprites, hidden = load_sprites(FLAT), 0
    for index in range(100):
        scene = WORLD.scene(index)
        for number, thing in enumerate(scene.things):
            points = {point.name: point for point in landmarks_of(thing, scene, sprites)}
            x0, y0, x1, y1 = outline_of(thing, "flat", sprites).bounds
            assert tuple(points) == LANDMARKS
            assert np.allclose([points["left"].x, points["right"].x], [x0, x1])
            assert np.allclose([points["top"].y, points["bottom"].y], [y0, y1])
            for point in points.values():
                covers = [_mask(other, scene) for other in scene.things[number + 1 :]]
                at = min(int(point.y), scene.height - 1), min(int(point.x), scene.width - 1)
                inside = any(mask[at] for mask in covers)
                near = any(mask[max(0, at[0] - 1) : at[0] + 2, max(0, at[1] - 1) : at[1] + 2].any() for mask in covers)
                assert (point.visible or near) and not (point.visible and inside and _deep(covers, at))
                hidden += not point.visible
    assert hidden > 5


def _mask(thing: Thing, scene: Scene) -> np.ndarray:
    frame = Frame(height=scene.height, width=scene.width)
    return Instance(label="", polygons=polygons_of(outline_of(thing, "flat", load_sprites(FLAT))), frame=frame).mask()


def _deep(masks: list[np.ndarray], at: tuple[int, int]) -> bool:
    """Whether a pixel and all its neighbours are covered by one of the masks."""
    y, x = at
    return any(mask[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].all() for mask in masks)


def test_maps_are_what_painting_from_back_to_front_leaves() -> None:
    sprites = load_sprites(FLAT)
    for index in range(60):
        scene = WORLD.scene(index)
        painted = np.zeros((scene.height, scene.width), int)
        for number, thing in enumerate(scene.things, start=1):
            painted[_mask(thing, scene)] = number
        depth, instances = depth_map(scene, sprites), instance_map(scene, sprites)
        assert (depth == painted).mean() > 0.97, "but for slivers that truth leaves out"
        counts = [(instances == number).sum() for number in range(1, len(scene.things) + 1)]
        assert all(count > 0 for count in counts)
        assert ((depth > 0) == (instances > 0)).all()
        assert all(later <= before * 1.1 + 4 for before, later in pairwise(counts))


def test_grounded_captions_box_what_they_name() -> None:
    sprites = load_sprites(FLAT)
    for index in range(100):
        scene = WORLD.scene(index)
        for full in (True, False):
            caption = caption_of(scene, WORLD.rng(index, "grounded"), full=full, listed=True)
            text = grounded_caption(caption, scene, sprites)
            assert str(text) == caption.words and len(text.spans) == len(scene.things)
            boxes = {one.bounds: thing for one, thing in zip(instances_of(scene, sprites), scene.things, strict=True)}
            for instance in text.instances():
                thing = boxes[instance.bounds]
                assert facts_in(instance.label) == {("thing", thing.name, thing.colour_name)}


def test_descriptions_name_everything_and_say_what_is_in_front() -> None:
    known = set(world_knowledge(FLAT)["words"])
    for index in range(150):
        scene = WORLD.scene(index)
        words = description_of(scene, WORLD.sprites)
        facts = facts_in(words)
        assert {("thing", t.name, t.colour_name) for t in scene.things} <= facts, words
        assert ("ground", scene.ground.name) in facts
        assert set(re.findall(r"[a-z0-9-]+", words)) <= known
    ground = Ground(kind=0)
    back, front = (Thing(kind=KIND_NAMES.index(n), colour=0, x=x, y=40, size=40) for n, x in (("key", 30), ("fox", 54)))
    assert covered(back, front) == pytest.approx(0.4)
    both = Scene(height=80, width=100, ground=ground, things=(back, front), repertoire=FLAT)
    assert "the fox is in front of the key." in description_of(both, WORLD.sprites)
    other = replace(back, kind=front.kind, colour=1)  # two foxes: a name alone would not do
    words = description_of(replace(both, things=(other, front)), WORLD.sprites)
    assert f"the {front.colour_name} fox is in front of the {other.colour_name} fox." in words
