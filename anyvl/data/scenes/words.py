"""What can be said of a scene: captions, phrases that refer to a thing, and phrases that refer to none.

A colour may be left unsaid where it is the thing's natural one, so "a palm tree" means a green one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anyvl.data.scenes.catalogue import COLOUR_NAMES, KIND_NAMES, KINDS
from anyvl.data.scenes.scene import Scene, Thing, place_of, relation_of

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
_COUNTED = 0.6
"""How often a caption counts the things of a scene that are all of one kind."""
NUMBERS = ("none", "one", "two", "three", "four", "five", "six")
_IRREGULAR = {
    "fish": "fish",
    "butterfly": "butterflies",
    "strawberry": "strawberries",
    "cactus": "cacti",
    "octopus": "octopuses",
}


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something a caption says of a scene: that it holds a thing, where, or what the ground is.

    kind, colour: names ("" where unsaid); count: how many of the kind (0 where unsaid); place: one of `PLACES` or "". other,
    other_colour: the second thing of a relation.
    """

    kind: str = ""
    colour: str = ""
    count: int = 0
    place: str = ""
    relation: str = ""
    other: str = ""
    other_colour: str = ""
    ground: str = ""


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

    >>> [plural_of(noun) for noun in ("fox", "key", "butterfly", "palm tree")]
    ['foxes', 'keys', 'butterflies', 'palm trees']
    """
    if noun in _IRREGULAR:
        return _IRREGULAR[noun]
    return noun + ("es" if noun.endswith(("x", "s", "sh", "ch")) else "s")


def noun_of(thing: Thing, rng: np.random.Generator) -> str:
    """The thing's name, or now and then another word for it."""
    synonyms = KINDS[thing.kind].synonyms
    return str(rng.choice(synonyms)) if synonyms and rng.random() < 0.2 else thing.name


def phrase_of(thing: Thing, rng: np.random.Generator, colour: float = 0.5) -> str:
    """ "red fox" or "fox": the colour is always said unless natural, and then with probability `colour`."""
    noun = noun_of(thing, rng)
    said = not thing.is_natural or rng.random() < colour
    return f"{thing.colour_name} {noun}" if said else noun


def with_article(phrase: str) -> str:
    """ "a red fox"."""
    return f"{article(phrase)} {phrase}"


def caption_of(scene: Scene, rng: np.random.Generator, *, full: bool = False) -> Caption:
    """A caption that names every thing, and place, relation and ground as chance will have it; all of them with `full`.

    Several things of one kind may be counted instead, "three foxes", their colours left open. With `full`, wording is canonical:
    front to back is ignored, things are named from left to right.
    """
    order = sorted(scene.things, key=lambda t: t.x) if full else list(rng.permutation(np.array(scene.things, object)))
    phrases = [f"{t.colour_name} {t.name}" if full else phrase_of(t, rng) for t in order]
    facts = [Fact(kind=t.name, colour=t.colour_name) for t in order]
    said = [with_article(phrase) for phrase in phrases]
    relation = relation_of(order[0], order[1]) if len(order) > 1 else None
    if not full and len(order) > 1 and len({t.kind for t in order}) == 1 and rng.random() < _COUNTED:
        words, facts, said = counted(scene), [Fact(kind=order[0].name, count=len(order))], []
    elif len(order) == 1:
        words = said[0]
        if full or rng.random() < 0.5:
            place = place_of(order[0], scene)
            words += " " + (PLACE_WORDS[place][0] if full else str(rng.choice(PLACE_WORDS[place])))
            facts.append(Fact(kind=order[0].name, colour=order[0].colour_name, place=place))
    elif relation and (full or rng.random() < 0.6):
        words = f"{said[0]} {relation} {said[1]}"
        one, other = order[:2]
        facts.append(
            Fact(
                kind=one.name,
                colour=one.colour_name,
                relation=relation,
                other=other.name,
                other_colour=other.colour_name,
            )
        )
        words += "".join(f" and {more}" for more in said[2:])
    else:
        words = ", ".join(said[:-1]) + " and " + said[-1]
    if full or rng.random() < 0.5:
        words += " " + (GROUND_WORDS[0] if full or rng.random() < 0.7 else GROUND_WORDS[1]).format(scene.ground.name)
        facts.append(Fact(ground=scene.ground.name))
    return Caption(words=words, facts=tuple(facts), mentions=mentions_of(words, said, order if said else ()))


def counted(scene: Scene) -> str:
    """ "three foxes": how many things there are of the one kind of a scene."""
    return f"{NUMBERS[len(scene.things)]} {plural_of(scene.things[0].name)}"


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


def referring_phrase(scene: Scene, thing: Thing, rng: np.random.Generator) -> str:
    """A phrase for the one thing, by name alone (where that tells it apart) or by colour and name."""
    alone = sum(other.kind == thing.kind for other in scene.things) == 1
    colour = "" if alone and rng.random() < 0.5 else thing.colour_name
    return f"{colour} {noun_of(thing, rng)}".strip()


def absent_phrase(scene: Scene, rng: np.random.Generator) -> str:
    """A phrase that refers to nothing in the scene: half of the time a thing that is there, but in another colour."""
    while True:
        if rng.random() < 0.5:
            thing = scene.things[int(rng.integers(len(scene.things)))]
            kind, colour = thing.name, str(rng.choice(COLOUR_NAMES))
            noun = noun_of(thing, rng)
        else:
            kind = noun = str(rng.choice(KIND_NAMES))
            colour = str(rng.choice(COLOUR_NAMES)) if rng.random() < 0.5 else ""
        if not any(refers_to(kind, colour, thing) for thing in scene.things):
            return f"{colour} {noun}".strip()
