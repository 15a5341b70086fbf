"""What the scene world contains: things, colours and grounds, by name.

A thing is an emoji drawing of Twemoji (its largest fill takes the colour) or a geometric shape. Every thing has a *natural*
colour: a prompt that names no colour means that one.
"""

from dataclasses import dataclass

from anyvl.errors import UnknownNameError


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of thing: its name, its natural colour, where its drawing comes from, and other words for it."""

    name: str
    natural: str
    codepoint: str = ""
    """Hexadecimal codepoint of the emoji; empty for a geometric shape, which is drawn by its name."""
    synonyms: tuple[str, ...] = ()


COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (221, 46, 68),
    "orange": (244, 144, 12),
    "yellow": (255, 214, 60),
    "green": (84, 160, 50),
    "blue": (52, 120, 220),
    "purple": (142, 80, 210),
    "pink": (246, 140, 196),
    "brown": (132, 82, 48),
    "gray": (134, 148, 160),
}

GROUNDS: dict[str, tuple[int, int, int]] = {
    "white": (245, 245, 245),
    "black": (26, 26, 30),
    "beige": (234, 218, 182),
    "sky": (188, 224, 246),
    "navy": (28, 44, 92),
}

KINDS: tuple[Kind, ...] = (
    Kind(name="fox", natural="orange", codepoint="1f98a"),
    Kind(name="cat", natural="yellow", codepoint="1f431", synonyms=("kitten",)),
    Kind(name="bear", natural="brown", codepoint="1f43b"),
    Kind(name="rabbit", natural="gray", codepoint="1f407", synonyms=("bunny",)),
    Kind(name="pig", natural="pink", codepoint="1f437"),
    Kind(name="frog", natural="green", codepoint="1f438"),
    Kind(name="fish", natural="blue", codepoint="1f41f"),
    Kind(name="whale", natural="blue", codepoint="1f433"),
    Kind(name="octopus", natural="purple", codepoint="1f419"),
    Kind(name="butterfly", natural="blue", codepoint="1f98b"),
    Kind(name="elephant", natural="gray", codepoint="1f418"),
    Kind(name="owl", natural="brown", codepoint="1f989"),
    Kind(name="bird", natural="red", codepoint="1f426"),
    Kind(name="crab", natural="red", codepoint="1f980"),
    Kind(name="dinosaur", natural="green", codepoint="1f995", synonyms=("sauropod",)),
    Kind(name="apple", natural="red", codepoint="1f34e"),
    Kind(name="pear", natural="green", codepoint="1f350"),
    Kind(name="strawberry", natural="red", codepoint="1f353"),
    Kind(name="mushroom", natural="red", codepoint="1f344", synonyms=("toadstool",)),
    Kind(name="cactus", natural="green", codepoint="1f335"),
    Kind(name="tree", natural="green", codepoint="1f333"),
    Kind(name="palm tree", natural="green", codepoint="1f334", synonyms=("palm",)),
    Kind(name="car", natural="red", codepoint="1f697", synonyms=("automobile",)),
    Kind(name="airplane", natural="blue", codepoint="2708", synonyms=("plane",)),
    Kind(name="rocket", natural="blue", codepoint="1f680"),
    Kind(name="house", natural="yellow", codepoint="1f3e0"),
    Kind(name="umbrella", natural="purple", codepoint="2602"),
    Kind(name="key", natural="brown", codepoint="1f511"),
    Kind(name="bell", natural="orange", codepoint="1f514"),
    Kind(name="crown", natural="yellow", codepoint="1f451"),
    Kind(name="hat", natural="gray", codepoint="1f3a9", synonyms=("top hat",)),
    Kind(name="shirt", natural="blue", codepoint="1f455", synonyms=("t-shirt",)),
    Kind(name="circle", natural="red", synonyms=("disc",)),
    Kind(name="square", natural="blue"),
    Kind(name="triangle", natural="green"),
    Kind(name="star", natural="yellow"),
    Kind(name="heart", natural="red"),
    Kind(name="ring", natural="purple"),
    Kind(name="cross", natural="orange", synonyms=("plus",)),
    Kind(name="crescent", natural="yellow", synonyms=("moon",)),
)

COLOUR_NAMES = tuple(COLOURS)
GROUND_NAMES = tuple(GROUNDS)
KIND_NAMES = tuple(kind.name for kind in KINDS)
_BY_NAME = {word: kind for kind in KINDS for word in (kind.name, *kind.synonyms)}


def find_kind(word: str) -> Kind:
    """The kind of a name or synonym; an `UnknownNameError` lists the names otherwise."""
    if word not in _BY_NAME:
        raise UnknownNameError("kind of thing", word, KIND_NAMES)
    return _BY_NAME[word]


def is_held_out(name: str, colour: str) -> bool:
    """True for the pairs of thing and colour that no training scene ever shows (one in nine, never a natural colour).

    A Latin pattern: every thing lacks exactly one colour and every colour is lacked by several things, so that both halves of
    a held-out pair are well known apart.
    """
    row = KIND_NAMES.index(name)
    lacking = COLOUR_NAMES[(4 * row + 2) % len(COLOUR_NAMES)]
    if lacking == find_kind(name).natural:
        lacking = COLOUR_NAMES[(4 * row + 3) % len(COLOUR_NAMES)]
    return colour == lacking
