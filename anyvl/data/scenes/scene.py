"""The scene graph: a few things in front of a ground, and how one is drawn at random.

Scene `i` of a world is a function of (seed, i) alone, and a held-out scene shares neither seed stream nor held-out pairs with a
training scene, so that no picture of a test was ever seen by a training.
"""

from dataclasses import dataclass, replace

import numpy as np

from anyvl.data.scenes.catalogue import COLOUR_NAMES, GROUND_NAMES, KIND_NAMES, KINDS, is_held_out
from anyvl.errors import ConfigError

STYLES = ("plain", "gradient")
PLACES = ("top left", "top", "top right", "left", "centre", "right", "bottom left", "bottom", "bottom right")
RELATIONS = ("left of", "right of", "above", "below")
MOST_THINGS = 6
_HOW_MANY = (0.34, 0.34, 0.14, 0.06, 0.06, 0.06)
"""How often a scene has 1, 2, ... things."""
_FAMILY = 0.15
"""How often the things of a scene of several are all of one kind, so that there is something to count."""
LATTICE = 4
"""Px from line to line of the lattice that things stand on, unless another is asked for; 1 is anywhere."""
_SIZES = ((0.48, 0.70), (0.40, 0.54), (0.33, 0.43), (0.28, 0.38), (0.25, 0.34), (0.22, 0.31))
"""Range of a thing's size, by how many things there are, as a share of the geometric mean of the picture's sides."""
_MOST_COVERED = 0.25
_CENTRE = 0.09
"""A thing whose centre is within this share of the side from the middle counts as central in that direction."""


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One thing: kind and colour by number in the catalogue; centre and size (longer side) in px, x right, y down."""

    kind: int
    colour: int
    x: float
    y: float
    size: float

    @property
    def name(self) -> str:
        return KIND_NAMES[self.kind]

    @property
    def colour_name(self) -> str:
        return COLOUR_NAMES[self.colour]

    @property
    def is_natural(self) -> bool:
        return KINDS[self.kind].natural == self.colour_name


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What is behind the things: a colour by number, a style of `STYLES`, its direction in radians and its strength in [0, 1]."""

    colour: int
    style: str
    angle: float
    strength: float

    @property
    def name(self) -> str:
        return GROUND_NAMES[self.colour]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A picture before it is drawn: sizes in px, things from back to front.

    The square of every thing has its corners on a lattice of `lattice` px: a thing then meets the cells of a codec in few
    ways, which a small decoder can learn in hours.
    """

    height: int
    width: int
    ground: Ground
    things: tuple[Thing, ...]
    lattice: int = LATTICE

    def with_things(self, things: tuple[Thing, ...]) -> "Scene":
        return replace(self, things=things)


def place_of(thing: Thing, scene: Scene) -> str:
    """Which of the nine `PLACES` a thing's centre is in."""
    row = _third(thing.y / scene.height)
    column = _third(thing.x / scene.width)
    return PLACES[3 * row + column]


def relation_of(thing: Thing, other: Thing) -> str | None:
    """How `thing` stands to `other` when that is plain: one of `RELATIONS`; else None."""
    across, down = thing.x - other.x, thing.y - other.y
    reach = 0.35 * (thing.size + other.size) / 2
    if abs(across) >= max(1.3 * abs(down), reach):
        return "left of" if across < 0 else "right of"
    if abs(down) >= max(1.3 * abs(across), reach):
        return "above" if down < 0 else "below"
    return None


def sample_ground(rng: np.random.Generator) -> Ground:
    """A ground: nine in ten are plain, the others grow lighter to one side."""
    style = STYLES[int(rng.random() < 0.1)]
    return Ground(
        colour=int(rng.integers(len(GROUND_NAMES))),
        style=style,
        angle=float(rng.uniform(0, 2 * np.pi)),
        strength=float(rng.uniform(0.4, 1.0)),
    )


def sample_pair(rng: np.random.Generator, held_out: bool, of: int | None = None) -> tuple[int, int]:
    """A kind (`of`, or any) and a colour for it, natural in three of ten cases; from the held-out pairs or from the others."""
    while True:
        kind = int(rng.integers(len(KINDS))) if of is None else of
        if held_out:
            return kind, next(c for c, name in enumerate(COLOUR_NAMES) if is_held_out(KIND_NAMES[kind], name))
        natural = COLOUR_NAMES.index(KINDS[kind].natural)
        colour = natural if rng.random() < 0.3 else int(rng.integers(len(COLOUR_NAMES)))
        if not is_held_out(KIND_NAMES[kind], COLOUR_NAMES[colour]):
            return kind, colour


def sample_thing(
    rng: np.random.Generator,
    height: int,
    width: int,
    how_many: int,
    *,
    lattice: int = LATTICE,
    held_out: bool = False,
    of: int | None = None,
) -> Thing:
    """A thing that lies wholly in the picture, its size fit for a scene of `how_many` things, away from the borders of places.

    height, width: of the picture, in px; lattice: what its square's corners are multiples of, in px; of: the kind that it is.
    """
    kind, colour = sample_pair(rng, held_out, of)
    low, high = _SIZES[how_many - 1]
    # An even number of steps, so that centres lie on the lattice too.
    steps = round(float(rng.uniform(low, high)) * (height * width) ** 0.5 / (2 * lattice))
    size = 2 * lattice * max(1, min(steps, int(0.92 * min(height, width) / (2 * lattice))))
    x, y = (_centre(rng, side, size, lattice) for side in (width, height))
    return Thing(kind=kind, colour=colour, x=x, y=y, size=float(size))


def sample_scene(
    rng: np.random.Generator,
    height: int,
    width: int,
    *,
    how_many: int | None = None,
    family: bool | None = None,
    lattice: int = LATTICE,
    held_out: bool = False,
) -> Scene:
    """A random scene of 1 to 6 things, no two of one kind and colour, none covered by more than about a quarter.

    family: whether all are of one kind (None throws dice). With `held_out`, every thing is one of the held-out pairs of kind
    and colour, of which a kind has one, so that a family is a ConfigError; without, none is.
    """
    if family and held_out:
        raise ConfigError("there are no families of held-out pairs: a kind has one of them")
    how_many = how_many or 1 + int(rng.choice(MOST_THINGS, p=_HOW_MANY))
    ground = sample_ground(rng)
    alike = rng.random() < _FAMILY if family is None else family
    things: list[Thing] = []
    tries = 0
    while len(things) < how_many:
        kind = things[0].kind if alike and things and not held_out else None
        thing = sample_thing(rng, height, width, how_many, lattice=lattice, held_out=held_out, of=kind)
        tries += 1
        if all((thing.kind, thing.colour) != (t.kind, t.colour) for t in things) and clear_of(thing, tuple(things)):
            things.append(thing)
        elif tries % 50 == 0:
            things.clear()
    return Scene(height=height, width=width, ground=ground, things=tuple(things), lattice=lattice)


def covered(one: Thing, other: Thing) -> float:
    """How much of the smaller square of two things lies in the larger one: 0 to 1."""
    reach = (one.size + other.size) / 2
    across, down = reach - abs(one.x - other.x), reach - abs(one.y - other.y)
    small = min(one.size, other.size)
    return max(0.0, min(across, small)) * max(0.0, min(down, small)) / small**2


def clear_of(thing: Thing, others: tuple[Thing, ...]) -> bool:
    """True when no two of the things' squares cover each other by more than a quarter of the smaller."""
    return all(covered(thing, other) <= _MOST_COVERED for other in others)


def _third(unit: float) -> int:
    return 0 if unit < 0.5 - _CENTRE else 2 if unit > 0.5 + _CENTRE else 1


def _centre(rng: np.random.Generator, side: int, size: int, lattice: int) -> float:
    """A centre along one side, on the lattice, and well inside one of three thirds, so that every place can be named without
    doubt; the middle where no third has room."""
    gap = 0.025
    centres = np.arange(size // 2, side - size // 2 + 1, lattice)
    from_middle = np.abs(centres / side - 0.5)
    centres = centres[np.abs(from_middle - _CENTRE) >= gap]
    return float(rng.choice(centres)) if len(centres) else side / 2
