"""A reading of a picture beside what was asked for: is the scene there, does a fact hold?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anyvl.data.scenes.scene import CENTRE, LARGE, PLACES, SMALL, Scene, Thing, place_of
from anyvl.data.scenes.words import Fact

MOST_UNEXPLAINED = 0.06
"""More of a picture than this left unexplained, and it is not the scene, whatever things were seen."""
_NEAR = 0.06
"""A thing is where it should be when its centre is off by less than this share of the geometric mean of the sides …"""
_SAME_SIZE = 1.25
"""… and its size by less than this factor."""
_LENIENT = 0.03
"""Places are as in `scene.place_of`, but a centre this share of a side beyond a border still counts."""


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """A thing seen: names of kind, colour and style; centre x right, y down and size (longer side) in px; fit in [0, 1], how well
    the drawing explains what is seen there."""

    kind: str
    colour: str
    x: float
    y: float
    size: float
    fit: float
    style: str = "flat"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read from a picture: things from back to front, the ground's name, and the share of pixels left unexplained."""

    things: tuple[Sighting, ...]
    ground: str | None
    unexplained: float

    @property
    def style(self) -> str | None:
        """The style that all its things are drawn in; None where they differ, or where there are none."""
        styles = {thing.style for thing in self.things}
        return styles.pop() if len(styles) == 1 else None

    @property
    def is_none(self) -> bool:
        """True when nothing was recognised."""
        return not self.things


def is_thing(sighting: Sighting, thing: Thing, scene: Scene) -> bool:
    """Is what was seen this thing of the scene: kind, colour, place and size?"""
    distance = float(np.hypot(sighting.x - thing.x, sighting.y - thing.y))
    return (
        (sighting.kind, sighting.colour) == (thing.name, thing.colour_name)
        and distance <= _NEAR * (scene.height * scene.width) ** 0.5
        and 1 / _SAME_SIZE < sighting.size / thing.size < _SAME_SIZE
    )


def matches(reading: Reading, scene: Scene, placed_by_words: tuple[Thing, ...] = ()) -> bool:
    """Does the picture show the scene: each of its things, nothing else, its ground, and little left unexplained?

    Of things that are `placed_by_words` only one of the nine places was told: any spot there and any size is right.
    """

    def shows(sighting: Sighting, thing: Thing) -> bool:
        if thing not in placed_by_words:
            return is_thing(sighting, thing, scene)
        named = (sighting.kind, sighting.colour) == (thing.name, thing.colour_name)
        return named and _is_at(sighting, place_of(thing, scene), scene.height, scene.width)

    return (
        reading.ground == scene.ground.name
        and reading.unexplained <= MOST_UNEXPLAINED
        and len(reading.things) == len(scene.things)
        and all(any(shows(sighting, thing) for sighting in reading.things) for thing in scene.things)
        and all(any(shows(sighting, thing) for thing in scene.things) for sighting in reading.things)
    )


def fact_holds(reading: Reading, fact: Fact, height: int, width: int) -> bool:
    """Does the picture (of a height and width in px) show what a caption states?"""
    if fact.ground:
        return reading.ground == fact.ground
    if fact.style:
        return reading.style == fact.style
    subjects = [thing for thing in reading.things if thing.kind == fact.kind and fact.colour in ("", thing.colour)]
    if fact.count:
        return len(subjects) == fact.count
    if fact.size:
        side = (height * width) ** 0.5
        subjects = [thing for thing in subjects if _has_size(thing.size / side, fact.size)]
    if fact.place:
        return any(_is_at(thing, fact.place, height, width) for thing in subjects)
    if fact.relation:
        others = [t for t in reading.things if t.kind == fact.other and fact.other_colour in ("", t.colour)]
        return any(_stands(one, fact.relation, two, reading) for one in subjects for two in others if one is not two)
    return bool(subjects)


def all_hold(readings: Sequence[Reading], stated: Sequence[Sequence[Fact]], scenes: Sequence[Scene]) -> list[float]:
    """For each picture 1 when all that is stated of it holds, else 0; scenes say how large the pictures are."""
    return [
        float(all(fact_holds(reading, fact, scene.height, scene.width) for fact in facts))
        for reading, facts, scene in zip(readings, stated, scenes, strict=True)
    ]


def _is_at(thing: Sighting, place: str, height: int, width: int) -> bool:
    row, column = divmod(PLACES.index(place), 3)
    return _in_third(thing.y / height, row) and _in_third(thing.x / width, column)


def _in_third(unit: float, third: int) -> bool:
    """As in `scene.place_of`, where the middle third is narrow."""
    low, high = ((0.0, 0.5 - CENTRE), (0.5 - CENTRE, 0.5 + CENTRE), (0.5 + CENTRE, 1.0))[third]
    return low - _LENIENT <= unit <= high + _LENIENT


def _has_size(share: float, size: str) -> bool:
    """As in `scene.size_of`, with a little more room."""
    return share <= SMALL + _LENIENT if size == "small" else share >= LARGE - _LENIENT


def _stands(thing: Sighting, relation: str, other: Sighting, reading: Reading) -> bool:
    """As in `scene.relations_of`, but also where neither direction prevails."""
    across, down = thing.x - other.x, thing.y - other.y
    if relation == "inside":
        return max(abs(across), abs(down)) + thing.size / 2 <= 0.6 * other.size
    if relation in ("behind", "in front of"):
        in_front = reading.things.index(thing) > reading.things.index(other)
        touching = max(abs(across), abs(down)) < (thing.size + other.size) / 2
        return touching and in_front == (relation == "in front of")
    if relation == "next to":
        gap = abs(across) - (thing.size + other.size) / 2
        return gap < 0.2 * max(thing.size, other.size) and abs(down) < 0.5 * max(thing.size, other.size)
    reach = 0.25 * (thing.size + other.size) / 2
    far = {"left of": -across, "right of": across, "above": -down, "below": down}[relation]
    aside = abs(down) if relation in ("left of", "right of") else abs(across)
    return far >= max(reach, aside)
