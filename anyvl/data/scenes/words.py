"""What can be said of a scene: captions, phrases that refer to a thing, and phrases that refer to none.

A colour may be left unsaid where it is the thing's natural one, so "a palm tree" means a green one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anyvl.data.scenes.catalogue import GROUNDS, KINDS
from anyvl.data.scenes.scene import Scene, Thing, place_of, relations_of, size_of

PLACE_WORDS = {
    "top left": ("in the top left",),
    "top": ("at the top",),
    "top right": ("in the top right",),
    "left": ("on the left",),
    "centre": ("in the middle", "in the centre"),
    "right": ("on the right",),
    "bottom left": ("in the bottom left",),
    "bottom": ("at the bottom",),
    "bottom right": ("in the bottom right",),
}
GROUND_WORDS = ("on a {} background", "on {}")
STYLE_WORDS = ("{words}, {style} style", "{style} picture of {words}")
"""Ways to say in which style a picture is drawn; the first is the canonical one."""
NUMBERS = ("none", "one", "two", "three", "four", "five", "six")
_COUNTED = 0.6
"""How often a caption counts the things of a scene that are all of one kind."""
_STYLED = 0.5
"""How often a caption says the style, in a world of several."""
_PLURALS = {kind.name: kind.plural for kind in KINDS}


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something a caption says of a scene: that it holds a thing, where, what the ground is, or how it is drawn.

    kind, colour, size: names ("" where unsaid); count: how many of the kind (0 where unsaid); place: one of `PLACES` or "".
    other, other_colour: the second thing of a relation.
    """

    kind: str = ""
    colour: str = ""
    size: str = ""
    count: int = 0
    place: str = ""
    relation: str = ""
    other: str = ""
    other_colour: str = ""
    ground: str = ""
    style: str = ""


@dataclass(frozen=True, kw_only=True)
class Mention:
    """Where words speak of a thing: characters start to stop (excluded), article included."""

    start: int
    stop: int
    thing: Thing


@dataclass(frozen=True, kw_only=True)
class Caption:
    """Words, the facts they state, and where they speak of which thing."""

    words: str
    facts: tuple[Fact, ...]
    mentions: tuple[Mention, ...] = ()


def article(words: str) -> str:
    """ "a" or "an", whichever the words want."""
    return "an" if words[0] in "aeiou" else "a"


def plural_of(noun: str) -> str:
    """More than one of it.

    >>> [plural_of(noun) for noun in ("fox", "key", "butterfly", "palm tree", "thing")]
    ['foxes', 'keys', 'butterflies', 'palm trees', 'things']
    """
    return _PLURALS.get(noun, f"{noun}s")


def noun_of(thing: Thing, rng: np.random.Generator) -> str:
    """The thing's name, or now and then another word for it."""
    synonyms = KINDS[thing.kind].synonyms
    return str(rng.choice(synonyms)) if synonyms and rng.random() < 0.2 else thing.name


def phrase_of(thing: Thing, rng: np.random.Generator, *, colour: float = 0.5, size: str = "") -> str:
    """ "red fox" or "fox": the colour is always said unless natural, and then with probability `colour`."""
    noun = noun_of(thing, rng)
    said = not thing.is_natural or rng.random() < colour
    return " ".join(filter(None, (size, thing.colour_name if said else "", noun)))


def with_article(phrase: str) -> str:
    """ "a red fox"."""
    return f"{article(phrase)} {phrase}"


def caption_of(scene: Scene, rng: np.random.Generator, *, full: bool = False, listed: bool = False) -> Caption:
    """A caption that names every thing, and size, place, relation, ground and style as chance will have it.

    Several things of one kind may be counted instead, "three foxes". With `full`, wording is canonical and as much as possible is
    said: things are named from left to right, twins are counted. listed: nothing is counted.
    """
    alike, twins = len({t.kind for t in scene.things}) == 1, len({(t.kind, t.colour) for t in scene.things}) == 1
    several = len(scene.things) > 1 and not listed
    if several and (twins if full else alike and (twins or rng.random() < _COUNTED)):
        words, facts = counted(scene, colour=full or rng.random() < 0.5)
        said: list[str] = []
        order: list[Thing] = []
    else:
        order = (
            sorted(scene.things, key=lambda t: t.x) if full else list(rng.permutation(np.array(scene.things, object)))
        )
        words, said, facts = _listed(scene, order, rng, full)
    if full or rng.random() < 0.5:
        words = f"{words} {_ground_words(scene, rng, full)}"
        facts.append(Fact(ground=scene.ground.name))
    if len(scene.repertoire.styles) > 1 and (full or rng.random() < _STYLED):
        form = STYLE_WORDS[0] if full else str(rng.choice(STYLE_WORDS))
        words = form.format(words=words, style=scene.style)
        words = words if form == STYLE_WORDS[0] else with_article(words)
        facts.append(Fact(style=scene.style))
    return Caption(words=words, facts=tuple(facts), mentions=mentions_of(words, said, order))


def counted(scene: Scene, *, colour: bool = False) -> tuple[str, list[Fact]]:
    """ "three foxes", and what it states: how many things there are of the one kind of a scene.

    colour: "three red foxes" where they share one.
    """
    one = scene.things[0]
    shade = one.colour_name if colour and all(thing.colour == one.colour for thing in scene.things) else ""
    count = len(scene.things)
    words = " ".join(filter(None, (NUMBERS[count], shade, plural_of(one.name))))
    return words, [Fact(kind=one.name, colour=shade, count=count)]


def _listed(
    scene: Scene, order: list[Thing], rng: np.random.Generator, full: bool
) -> tuple[str, list[str], list[Fact]]:
    """Words that name every thing, the phrases in them, and what they state."""
    sizes = ["" if full or rng.random() < 0.6 else size_of(thing, scene) for thing in order]
    phrases = [t.full_name if full else phrase_of(t, rng, size=size) for t, size in zip(order, sizes, strict=True)]
    facts = [Fact(kind=t.name, colour=t.colour_name, size=size) for t, size in zip(order, sizes, strict=True)]
    said = [with_article(phrase) for phrase in phrases]
    one = order[0]
    if len(order) == 1:
        words = said[0]
        if full or rng.random() < 0.5:
            place = place_of(one, scene)
            words += " " + (PLACE_WORDS[place][0] if full else str(rng.choice(PLACE_WORDS[place])))
            facts.append(Fact(kind=one.name, colour=one.colour_name, place=place))
        return words, said, facts
    relations = relations_of(one, order[1], scene)
    if relations and (full or rng.random() < 0.6):
        relation, other = relations[0] if full else str(rng.choice(relations)), order[1]
        words = f"{said[0]} {relation} {said[1]}" + "".join(f" and {more}" for more in said[2:])
        facts.append(
            Fact(
                kind=one.name,
                colour=one.colour_name,
                relation=relation,
                other=other.name,
                other_colour=other.colour_name,
            )
        )
    else:
        words = ", ".join(said[:-1]) + " and " + said[-1]
    return words, said, facts


def _ground_words(scene: Scene, rng: np.random.Generator, full: bool) -> str:
    name = scene.ground.name
    others = (*GROUNDS[name].words, GROUND_WORDS[1].format(name))
    return GROUND_WORDS[0].format(name) if full or rng.random() < 0.6 else str(rng.choice(others))


def mentions_of(words: str, phrases: Sequence[str], things: Sequence[Thing]) -> tuple[Mention, ...]:
    """Where the phrases, one a thing, stand in the words; they come in this order."""
    mentions, done = [], 0
    for phrase, thing in zip(phrases, things, strict=True):
        start = words.index(phrase, done)
        done = start + len(phrase)
        mentions.append(Mention(start=start, stop=done, thing=thing))
    return tuple(mentions)


def refers_to(phrase_kind: str, phrase_colour: str, thing: Thing) -> bool:
    """Does "red fox" (kind fox, colour red; colour "" for any) refer to the thing?"""
    return thing.name == phrase_kind and phrase_colour in ("", thing.colour_name)


def singled_out(scene: Scene) -> tuple[Thing, ...]:
    """The things that colour and name single out; twins are none."""
    named = [(thing.kind, thing.colour) for thing in scene.things]
    return tuple(thing for thing, name in zip(scene.things, named, strict=True) if named.count(name) == 1)


def referring_phrase(scene: Scene, thing: Thing, rng: np.random.Generator) -> str:
    """A phrase for one of the things `singled_out`, by name alone (where that tells it apart) or by colour and name."""
    assert thing in singled_out(scene), "no such phrase means a twin alone"
    alone = sum(other.kind == thing.kind for other in scene.things) == 1
    colour = "" if alone and rng.random() < 0.5 else thing.colour_name
    return f"{colour} {noun_of(thing, rng)}".strip()


def absent_phrase(scene: Scene, rng: np.random.Generator) -> str:
    """A phrase that refers to nothing in the scene: half of the time a thing that is there, but in another colour."""
    known = scene.repertoire
    while True:
        colour = str(rng.choice(known.colours))
        if rng.random() < 0.5:
            thing = scene.things[int(rng.integers(len(scene.things)))]
            kind, noun = thing.name, noun_of(thing, rng)
        else:
            kind = noun = str(rng.choice(known.things))
            colour = colour if rng.random() < 0.5 else ""
        if not any(refers_to(kind, colour, thing) for thing in scene.things):
            return f"{colour} {noun}".strip()
