"""A scene told at length: a paragraph about it, and captions whose phrases carry boxes."""

import itertools

import shapely

from anyvl.data.scenes.scene import Scene, Thing, place_of, relation_of
from anyvl.data.scenes.sprites import Sprites
from anyvl.data.scenes.truth import instances_of, outline_of
from anyvl.data.scenes.words import NUMBERS, PLACE_WORDS, Caption, with_article
from anyvl.values import Frame, GroundedText, Span

_BEHIND = 0.03
"""A thing is said to be behind another where the other hides at least this share of it."""


def description_of(scene: Scene, sprites: Sprites) -> str:
    """A paragraph: how many things on which ground, each with its colour and place from large to small, how each stands to the
    next, what is in front of what.

    "there are two things on a sky background. a red fox is on the left. a blue key is on the right. the fox is left of the key."
    Of twins, which no name tells apart, only the places are told.
    """
    things = sorted(scene.things, key=lambda thing: (-thing.size, thing.x, thing.y))
    many = "is one thing" if len(things) == 1 else f"are {NUMBERS[len(things)]} things"
    style = f", {scene.style} style" if len(scene.repertoire.styles) > 1 else ""
    sentences = [f"there {many} on {with_article(scene.ground.name)} background{style}"]
    for thing in things:
        place = PLACE_WORDS[place_of(thing, scene)][0]
        sentences.append(f"{with_article(thing.full_name)} is {place}")
    for thing, other in itertools.pairwise(things):
        relation = relation_of(thing, other)
        if relation and _name(thing, scene) != _name(other, scene):
            sentences.append(f"{_name(thing, scene)} is {relation} {_name(other, scene)}")
    outlines = [outline_of(thing, scene.style, sprites) for thing in scene.things]
    for back, front in itertools.combinations(range(len(outlines)), 2):
        behind, before = (_name(scene.things[number], scene) for number in (back, front))
        hidden = shapely.intersection(outlines[back], outlines[front]).area
        if hidden > _BEHIND * outlines[back].area and behind != before:
            sentences.append(f"{before} is in front of {behind}")
    return " ".join(f"{sentence}." for sentence in sentences)


def _name(thing: Thing, scene: Scene) -> str:
    """A thing that was told of already: "the fox", or "the red fox" where there are several."""
    alone = sum(other.kind == thing.kind for other in scene.things) == 1
    return f"the {thing.name}" if alone else f"the {thing.full_name}"


def grounded_caption(caption: Caption, scene: Scene, sprites: Sprites) -> GroundedText:
    """A caption with the visible box of each thing it mentions; not of one that only counts them."""
    assert caption.mentions, "there is no box for what is only counted"
    boxes = dict(zip(scene.things, (one.bounds for one in instances_of(scene, sprites)), strict=True))
    spans = [Span(start=m.start, stop=m.stop, box=boxes[m.thing]) for m in caption.mentions]
    return GroundedText(words=caption.words, spans=tuple(spans), frame=Frame(height=scene.height, width=scene.width))


def story_words() -> str:
    """A sentence that holds every word of descriptions that captions do not have."""
    return f"there is are thing things the in front of {' '.join(NUMBERS)}"
