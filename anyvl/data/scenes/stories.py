"""A scene told at length: a paragraph about it, and captions whose phrases carry boxes."""

from anyvl.data.scenes.scene import Scene, covered, place_of, relation_of
from anyvl.data.scenes.sprites import Sprites
from anyvl.data.scenes.truth import instances_of
from anyvl.data.scenes.words import PLACE_WORDS, Caption, with_article
from anyvl.values import Frame, GroundedText, Span

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six")
_BEHIND = 0.05
"""A thing is said to be behind another where this share of the smaller one's square is shared."""


def description_of(scene: Scene) -> str:
    """A paragraph: how many things on which ground, each with its colour and place from large to small, how they stand to one
    another, what is in front of what.

    "there are two things on a sky background. a red fox is on the left. a blue key is on the right. the fox is left of the key."
    """
    things = sorted(scene.things, key=lambda thing: (-thing.size, thing.x, thing.y))
    many = "is one thing" if len(things) == 1 else f"are {_NUMBERS[len(things)]} things"
    sentences = [f"there {many} on {with_article(scene.ground.name)} background"]
    for thing in things:
        place = PLACE_WORDS[place_of(thing, scene)][0]
        sentences.append(f"{with_article(f'{thing.colour_name} {thing.name}')} is {place}")
    for number, thing in enumerate(things):
        for other in things[number + 1 :]:
            relation = relation_of(thing, other)
            if relation and thing.kind != other.kind:
                sentences.append(f"the {thing.name} is {relation} the {other.name}")
    for back, thing in enumerate(scene.things):
        for other in scene.things[back + 1 :]:
            if thing.kind != other.kind and covered(thing, other) > _BEHIND:
                sentences.append(f"the {other.name} is in front of the {thing.name}")
    return " ".join(f"{sentence}." for sentence in sentences)


def grounded_caption(caption: Caption, scene: Scene, sprites: Sprites) -> GroundedText:
    """A caption with the visible box of each thing it mentions."""
    boxes = dict(zip(scene.things, (one.bounds for one in instances_of(scene, sprites)), strict=True))
    spans = [Span(start=m.start, stop=m.stop, box=boxes[m.thing]) for m in caption.mentions]
    return GroundedText(words=caption.words, spans=tuple(spans), frame=Frame(height=scene.height, width=scene.width))


def story_words() -> str:
    """A sentence that holds every word of descriptions that captions do not have."""
    return f"there is are thing things the in front of {' '.join(_NUMBERS)}"
