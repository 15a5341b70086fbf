"""What the scene world can show: things, colours, grounds and drawing styles, by name.

A thing is an emoji (drawn in several styles; most of it takes a colour) or a geometric shape. Every thing has a *natural* colour:
a prompt that names no colour means that one. Which of all this a world shows is its repertoire (`anyvl.data.scenes.repertoire`).
"""

import colorsys
import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from anyvl.errors import UnknownNameError

THINGS_FILE = Path(__file__).parent / "things.tsv"
"""The emoji among the things; `anyvl.data.scenes.naming` makes it."""

DRAWN_BY = {
    "flat": "Twemoji, © 2019 Twitter, Inc and other contributors, CC-BY 4.0, https://github.com/jdecked/twemoji",
    "3d": "Fluent Emoji, © Microsoft Corporation, MIT, https://github.com/microsoft/fluentui-emoji",
    "cartoon": "Noto Emoji, © Google Inc., Apache-2.0, https://github.com/googlefonts/noto-emoji",
    "outlined": "OpenMoji, https://openmoji.org, CC BY-SA 4.0",
}
"""Whose drawings the things of a style are."""
STYLES = tuple(DRAWN_BY)
"""Sets of drawings (`anyvl.data.scenes.artwork`)."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of thing: its name, alone and of several, its natural colour, the styles it is drawn in, other words for it."""

    name: str
    plural: str
    natural: str
    codepoint: str = ""
    """Hexadecimal codepoint of the emoji; empty for a geometric shape, which is drawn by its name."""
    styles: tuple[str, ...] = STYLES
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Backdrop:
    """How a ground looks: its colours, RGB, and the pattern they make (`anyvl.data.scenes.grounds`)."""

    pattern: str
    colours: tuple[tuple[int, int, int], ...]
    words: tuple[str, ...] = ()
    """Other ways to say that a picture is on it, such as "at night"."""


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
    "black": (40, 40, 46),
    "white": (244, 244, 244),
}

_SKY = (188, 224, 246)
GROUNDS: dict[str, Backdrop] = {
    "white": Backdrop(pattern="plain", colours=((245, 245, 245),)),
    "black": Backdrop(pattern="plain", colours=((26, 26, 30),)),
    "beige": Backdrop(pattern="plain", colours=((234, 218, 182),)),
    "sky": Backdrop(pattern="plain", colours=(_SKY,)),
    "navy": Backdrop(pattern="plain", colours=((28, 44, 92),)),
    "striped": Backdrop(pattern="stripes", colours=((244, 238, 226), (222, 206, 178))),
    "checked": Backdrop(pattern="checks", colours=((246, 246, 248), (216, 220, 228))),
    "dotted": Backdrop(pattern="dots", colours=((28, 44, 92), (92, 116, 176))),
    "meadow": Backdrop(pattern="horizon", colours=(_SKY, (156, 206, 108)), words=("in a meadow",)),
    "desert": Backdrop(pattern="horizon", colours=(_SKY, (236, 200, 136)), words=("in the desert",)),
    "sea": Backdrop(pattern="horizon", colours=(_SKY, (104, 174, 222)), words=("at sea",)),
    "night": Backdrop(pattern="horizon", colours=((30, 36, 80), (44, 66, 66)), words=("at night",)),
}

SHAPES = (
    Kind(name="circle", plural="circles", natural="red", synonyms=("disc",)),
    Kind(name="square", plural="squares", natural="blue"),
    Kind(name="triangle", plural="triangles", natural="green"),
    Kind(name="star", plural="stars", natural="yellow"),
    Kind(name="heart", plural="hearts", natural="red"),
    Kind(name="ring", plural="rings", natural="purple"),
    Kind(name="cross", plural="crosses", natural="orange", synonyms=("plus",)),
    Kind(name="crescent", plural="crescents", natural="yellow", synonyms=("moon",)),
)


def colour_name(rgb: Float[np.ndarray, "3"]) -> str:
    """What one calls a colour, RGB in [0, 1], with the eleven basic words.

    >>> colour_name(np.array([0.76, 0.41, 0.31])), colour_name(np.array([1.0, 0.91, 0.71]))
    ('brown', 'yellow')
    """
    hue, saturation, value = colorsys.rgb_to_hsv(*rgb)
    if saturation * value < 0.12:
        return "black" if value < 0.3 else "gray" if value < 0.85 else "white"
    degrees = 360 * hue
    if 12 <= degrees < 40:
        return "brown" if value < 0.75 or saturation < 0.62 else "orange"
    if (degrees < 12 or degrees >= 330) and saturation < 0.55:
        return "pink"
    ends = ((12, "red"), (66, "yellow"), (170, "green"), (252, "blue"), (295, "purple"), (340, "pink"), (360, "red"))
    return next(name for end, name in ends if degrees <= end)


def _emoji() -> tuple[Kind, ...]:
    with THINGS_FILE.open(newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    return tuple(
        Kind(
            name=row["name"],
            plural=row["plural"],
            natural=row["natural"],
            codepoint=row["codepoint"],
            styles=tuple(row["styles"].split(",")),
            synonyms=tuple(filter(None, row["synonyms"].split(","))),
        )
        for row in rows
    )


_EMOJI = _emoji() if THINGS_FILE.exists() else ()
KINDS: tuple[Kind, ...] = (*_EMOJI[:32], *SHAPES, *_EMOJI[32:])
COLOUR_NAMES, GROUND_NAMES = tuple(COLOURS), tuple(GROUNDS)
KIND_NAMES = tuple(kind.name for kind in KINDS)
_BY_NAME = {word: kind for kind in KINDS for word in (*kind.synonyms, kind.name)}


def find_kind(word: str) -> Kind:
    """The kind of a name or synonym; an `UnknownNameError` lists the names otherwise."""
    if word not in _BY_NAME:
        raise UnknownNameError("kind of thing", word, KIND_NAMES)
    return _BY_NAME[word]
