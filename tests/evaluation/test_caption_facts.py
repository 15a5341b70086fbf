"""Facts are read from captions as they were written into them."""

from anyvl.data.scenes.scene import place_of
from anyvl.data.scenes.stories import description_of
from anyvl.data.scenes.words import caption_of
from anyvl.data.scenes.world import World
from anyvl.evaluation.caption_facts import facts_in


def test_facts_of_a_caption_are_those_it_was_made_of() -> None:
    world = World(grids=((8, 8), (6, 10)), factor=8)
    for index in range(200):
        scene = world.scene(index)
        for full in (True, False):
            caption = caption_of(scene, world.rng(index, "test"), full=full)
            found = facts_in(caption.words)
            if any(fact.count for fact in caption.facts):
                continue  # names no thing by itself
            assert {f for f in found if f[0] == "thing"} == {("thing", t.name, t.colour_name) for t in scene.things}
            for fact in caption.facts:
                if fact.relation:
                    ones, others = (
                        {k, f"{c} {k}"} for k, c in ((fact.kind, fact.colour), (fact.other, fact.other_colour))
                    )
                    said = {("relation", one, fact.relation, other) for one in ones for other in others}
                    assert len(said & found) == 1, caption.words
                    assert not full or ("relation", max(ones, key=len), fact.relation, max(others, key=len)) in found
                elif fact.place:
                    assert ("place", fact.kind, fact.place) in found, caption.words
                elif fact.ground:
                    assert ("ground", fact.ground) in found, caption.words


def test_facts_of_a_paragraph_are_those_of_its_scene() -> None:
    world = World(grids=((8, 8), (6, 10)), factor=8)
    for index in range(200):
        scene = world.scene(index)
        found = facts_in(description_of(scene, world.sprites))
        assert {f for f in found if f[0] == "thing"} == {("thing", t.name, t.colour_name) for t in scene.things}
        assert {f for f in found if f[0] == "place"} == {("place", t.name, place_of(t, scene)) for t in scene.things}
        assert ("ground", scene.ground.name) in found
    assert ("relation", "red fox", "in front of", "key") in facts_in("the red fox is in front of the key.")


def test_wrong_words_are_no_facts() -> None:
    assert facts_in("nothing of this world") == frozenset()
    assert ("thing", "palm tree", "green") in facts_in("a palm tree")
    assert ("thing", "tree", "red") in facts_in("a red tree above a blue star")
