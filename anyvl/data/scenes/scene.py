"""The scene graph: a few things in front of a ground, and how one is drawn at random.

Scene `i` of a world is a function of (seed, i) alone, and a held-out scene shares neither seed stream nor held-out pairs with a
training scene, so that no picture of a test was ever seen by a training.
"""

import itertools
from dataclasses import dataclass, field, replace

import numpy as np

from anyvl.data.scenes.catalogue import COLOUR_NAMES, GROUND_NAMES, GROUNDS, KIND_NAMES, KINDS
from anyvl.data.scenes.figures import SOLID
from anyvl.data.scenes.repertoire import FIRST, Repertoire
from anyvl.errors import ConfigError

PLACES = ("top left", "top", "top right", "left", "centre", "right", "bottom left", "bottom", "bottom right")
RELATIONS = ("left of", "right of", "above", "below", "next to", "inside", "behind", "in front of")
SIZES = ("small", "large")
MOST_THINGS = 6
_HOW_MANY = (0.30, 0.34, 0.15, 0.07, 0.07, 0.07)
"""How often a scene has 1, 2, ... things."""
_FAMILY = 0.15
"""How often the things of a scene of several are all of one kind, so that there is something to count …"""
_TWINS = 0.5
"""… and how often those are of one colour too."""
_STACKED = 0.12
"""How often the second thing stands in front of the first …"""
_NESTED = 0.06
"""… or inside it."""
_RANGES = ((0.36, 0.70), (0.30, 0.56), (0.30, 0.45), (0.25, 0.40), (0.25, 0.36), (0.22, 0.33))
"""Range of a thing's size, by how many things there are, as a share of the geometric mean of the picture's sides."""
_MOST_COVERED = 0.25
_STACKED_COVER = (0.15, 0.40)
"""How much of the smaller square of two stacked things lies in the other."""
_INSIDE = 0.55
"""A thing inside another is at most this share of its size."""
SMALL, LARGE = 0.30, 0.55
"""Sizes, as shares of the geometric mean of the picture's sides, up to and from which a thing is called small or large."""
CENTRE = 0.09
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
    def full_name(self) -> str:
        """With its colour, as lists and layouts name it: "red fox"."""
        return f"{self.colour_name} {self.name}"

    @property
    def is_natural(self) -> bool:
        return KINDS[self.kind].natural == self.colour_name


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What is behind the things: a ground of the catalogue by number; it grows lighter by `strength` (0 to 1) towards `angle`
    (radians, 0 is right, a quarter turn is down)."""

    kind: int
    angle: float = 0.0
    strength: float = 0.0

    @property
    def name(self) -> str:
        return GROUND_NAMES[self.kind]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A picture before it is drawn: sizes in px, things from back to front, all drawn in one style.

    The square of every thing has its corners on a lattice of `lattice` px: a thing then meets the cells of a codec in few
    ways, which a small decoder can learn in hours. repertoire: of the world it is a scene of.
    """

    height: int
    width: int
    ground: Ground
    things: tuple[Thing, ...]
    style: str = "flat"
    lattice: int = 1
    repertoire: Repertoire = field(default=FIRST, repr=False)

    def with_things(self, things: tuple[Thing, ...]) -> "Scene":
        return replace(self, things=things)

    @property
    def side(self) -> float:
        """Geometric mean of height and width, in px."""
        return (self.height * self.width) ** 0.5


def place_of(thing: Thing, scene: Scene) -> str:
    """Which of the nine `PLACES` a thing's centre is in."""
    row = _third(thing.y / scene.height)
    column = _third(thing.x / scene.width)
    return PLACES[3 * row + column]


def size_of(thing: Thing, scene: Scene) -> str:
    """ "small", "large", or "" for a thing one would call neither."""
    share = thing.size / scene.side
    return "small" if share <= SMALL else "large" if share >= LARGE else ""


def relation_of(thing: Thing, other: Thing) -> str | None:
    """On which side of `other` a thing plainly is: one of the first four `RELATIONS`; else None."""
    across, down = thing.x - other.x, thing.y - other.y
    reach = 0.35 * (thing.size + other.size) / 2
    if abs(across) >= max(1.3 * abs(down), reach):
        return "left of" if across < 0 else "right of"
    if abs(down) >= max(1.3 * abs(across), reach):
        return "above" if down < 0 else "below"
    return None


def relations_of(thing: Thing, other: Thing, scene: Scene) -> tuple[str, ...]:
    """All `RELATIONS` in which a thing of the scene plainly stands to another one of it."""
    side = relation_of(thing, other)
    found = [side] if side else []
    if (
        side in ("left of", "right of")
        and _gap(thing, other) < 0.12 * scene.side
        and abs(thing.y - other.y) < 0.35 * thing.size
    ):
        found.append("next to")
    if is_inside(thing, other, scene):
        return (*found, "inside")
    if covered(thing, other) >= _STACKED_COVER[0] and not is_inside(other, thing, scene):
        in_front = scene.things.index(thing) > scene.things.index(other)
        found.append("in front of" if in_front else "behind")
    return tuple(found)


def is_open(relation: str, thing: Thing, other: Thing, scene: Scene) -> bool:
    """Whether one could argue that a thing does or does not stand in a relation to another."""
    if relation in RELATIONS[:4]:
        return relation_of(thing, other) is None
    overlap = covered(thing, other)
    if relation == "next to":
        return "next to" not in relations_of(thing, other, scene) and _gap(thing, other) < 0.25 * scene.side
    return 0 < overlap < _STACKED_COVER[0] or (relation != "inside" and is_inside(thing, other, scene))


def _gap(thing: Thing, other: Thing) -> float:
    """Px between two things' squares from left to right; negative where they share columns."""
    return abs(thing.x - other.x) - (thing.size + other.size) / 2


def is_inside(thing: Thing, other: Thing, scene: Scene) -> bool:
    """Whether a thing lies wholly before the middle of a figure with room for it."""
    return (
        other.name in SOLID
        and thing.size <= _INSIDE * other.size
        and max(abs(thing.x - other.x), abs(thing.y - other.y)) <= 0.1 * other.size
        and scene.things.index(thing) > scene.things.index(other)
    )


def sample_ground(rng: np.random.Generator, repertoire: Repertoire) -> Ground:
    """A ground: a plain one in six cases of ten where the repertoire has others; of plain ones every tenth grows lighter."""
    plain = [name for name in repertoire.grounds if GROUNDS[name].pattern == "plain"]
    others = [name for name in repertoire.grounds if name not in plain]
    name = str(rng.choice(others if others and rng.random() < 0.4 else plain))
    gradient = name in plain and rng.random() < 0.1
    return Ground(
        kind=GROUND_NAMES.index(name),
        angle=float(rng.integers(4) * np.pi / 2) if gradient else 0.0,
        strength=float(rng.choice((0.5, 1.0))) if gradient else 0.0,
    )


def sample_pair(
    rng: np.random.Generator,
    repertoire: Repertoire,
    style: str,
    ground: Ground,
    *,
    held_out: bool,
    of: int | None = None,
) -> tuple[int, int]:
    """A kind (`of`, or any) and a colour for it that stands out, natural in three of ten cases; from the held-out pairs or from
    the others."""
    kinds, colours = repertoire.kinds_in(style), repertoire.colours_on(ground.kind)
    while True:
        kind = int(rng.choice(kinds)) if of is None else of
        lacking = COLOUR_NAMES.index(repertoire.held_out_colour(KIND_NAMES[kind]))
        natural = COLOUR_NAMES.index(KINDS[kind].natural)
        colour = lacking if held_out else natural if rng.random() < 0.3 else int(rng.choice(colours))
        if colour in colours and (colour == lacking) == held_out:
            return kind, colour


def sample_thing(
    rng: np.random.Generator, scene: Scene, how_many: int, *, held_out: bool = False, of: int | None = None
) -> Thing:
    """A thing that could be in a scene of `how_many` things: it lies wholly in the picture, away from the borders of places.

    held_out: of a held-out pair of thing and colour; of: the kind that it is.
    """
    kind, colour = sample_pair(rng, scene.repertoire, scene.style, scene.ground, held_out=held_out, of=of)
    low, high = _RANGES[how_many - 1]
    size = _fitting_size(float(rng.uniform(low, high)) * scene.side, scene)
    x, y = (_centre(rng, side, size, scene.lattice) for side in (scene.width, scene.height))
    return Thing(kind=kind, colour=colour, x=x, y=y, size=float(size))


def sample_scene(
    rng: np.random.Generator,
    height: int,
    width: int,
    *,
    lattice: int,
    repertoire: Repertoire = FIRST,
    how_many: int | None = None,
    family: bool | None = None,
    held_out: bool = False,
) -> Scene:
    """A random scene of 1 to 6 things, no two of one kind and colour but for twins.

    family: whether all are of one kind (None throws dice); half of the families are twins, of one colour too. With `held_out`,
    every thing is one of the held-out pairs of kind and colour, of which a kind has one, so that a family is a ConfigError;
    without, none is. (A figure that another thing is put into may be of another pair; `World.owns` turns such a scene away.)
    """
    if family and held_out:
        raise ConfigError("there are no families of held-out pairs: a kind has one of them")
    how_many = how_many or 1 + int(rng.choice(MOST_THINGS, p=_HOW_MANY))
    scene = Scene(
        height=height,
        width=width,
        ground=sample_ground(rng, repertoire),
        things=(),
        style=str(rng.choice(repertoire.styles)),
        lattice=lattice,
        repertoire=repertoire,
    )
    alike = not held_out and (rng.random() < _FAMILY if family is None else family)
    twins = alike and rng.random() < _TWINS
    arrangement = None
    if how_many > 1 and not alike and family is None:
        chance = rng.random()
        arrangement = _inside if chance < _NESTED else _stacked if chance < _NESTED + _STACKED else None
    things: list[Thing] = []
    for tries in itertools.count(1):
        thing = sample_thing(rng, scene, how_many, held_out=held_out, of=things[0].kind if alike and things else None)
        if twins and things:
            thing = replace(thing, colour=things[0].colour)
        if arrangement and len(things) == 1:
            pair = arrangement(rng, things[0], thing, scene)
            if pair is not None and _distinct(pair[1], things):
                things = list(pair)
        elif (twins or _distinct(thing, things)) and clear_of(thing, tuple(things)):
            things.append(thing)
        if len(things) == how_many:
            return scene.with_things(tuple(things))
        if tries % 50 == 0:
            things.clear()
            arrangement = arrangement if tries < 300 else None  # a small picture may have no room for it
    raise AssertionError("unreachable")


def covered(one: Thing, other: Thing) -> float:
    """How much of the smaller square of two things lies in the larger one: 0 to 1."""
    reach = (one.size + other.size) / 2
    across, down = reach - abs(one.x - other.x), reach - abs(one.y - other.y)
    small = min(one.size, other.size)
    return max(0.0, min(across, small)) * max(0.0, min(down, small)) / small**2


def clear_of(thing: Thing, others: tuple[Thing, ...]) -> bool:
    """True when no two of the things' squares cover each other by more than a quarter of the smaller."""
    return all(covered(thing, other) <= _MOST_COVERED for other in others)


def _distinct(thing: Thing, things: list[Thing]) -> bool:
    return all((thing.kind, thing.colour) != (other.kind, other.colour) for other in things)


def _stacked(rng: np.random.Generator, back: Thing, front: Thing, scene: Scene) -> tuple[Thing, Thing] | None:
    """The two with the second moved in front of the first, hiding some of it."""
    step = scene.lattice
    reach = (back.size + front.size) / 2
    moves = np.arange(-reach, reach + 1, step)
    x, y = back.x + float(rng.choice(moves)), back.y + float(rng.choice(moves))
    moved = _on_lattice(replace(front, x=x, y=y), step)
    low, high = _STACKED_COVER
    return (back, moved) if _lies_in(moved, scene) and low <= covered(back, moved) <= high else None


def _inside(rng: np.random.Generator, outer: Thing, inner: Thing, scene: Scene) -> tuple[Thing, Thing] | None:
    """The two with the first made a solid figure and the second put before its middle."""
    figures = [scene.repertoire.things.index(name) for name in SOLID if name in scene.repertoire.things]
    if not figures or inner.colour == outer.colour:
        return None
    kind = scene.repertoire.kinds[int(rng.choice(figures))]
    lacking = scene.repertoire.is_held_out(KIND_NAMES[kind], outer.colour_name)
    size = _fitting_size(float(rng.uniform(0.5, 0.7)) * scene.side, scene)
    small = _fitting_size(_INSIDE * size - scene.lattice, scene)
    low, high = size / 2, np.array([scene.width, scene.height]) - size / 2
    x, y = np.clip([outer.x, outer.y], low, high)
    outer = _on_lattice(replace(outer, kind=kind, x=float(x), y=float(y), size=float(size)), scene.lattice)
    inner = replace(inner, x=outer.x, y=outer.y, size=float(small))
    fits = _lies_in(outer, scene) and small <= _INSIDE * size and (size - small) % (2 * scene.lattice) == 0
    return (outer, inner) if fits and not lacking else None


def _on_lattice(thing: Thing, lattice: int) -> Thing:
    """The thing with its corners moved to the nearest lines of the lattice."""
    x, y = (round((along - thing.size / 2) / lattice) * lattice + thing.size / 2 for along in (thing.x, thing.y))
    return replace(thing, x=x, y=y)


def _lies_in(thing: Thing, scene: Scene) -> bool:
    half = thing.size / 2
    return half <= thing.x <= scene.width - half and half <= thing.y <= scene.height - half


def _fitting_size(size: float, scene: Scene) -> int:
    """The size nearest to one in px that keeps corners and centres on the lattice, and the thing in the picture."""
    step = 2 * scene.lattice
    return step * max(1, min(round(size / step), int(0.92 * min(scene.height, scene.width) / step)))


def _third(unit: float) -> int:
    return 0 if unit < 0.5 - CENTRE else 2 if unit > 0.5 + CENTRE else 1


def _centre(rng: np.random.Generator, side: int, size: int, lattice: int) -> float:
    """A centre along one side, on the lattice, and well inside one of three thirds, so that every place can be named without
    doubt; the middle where no third has room."""
    gap = 0.025
    centres = np.arange(size // 2, side - size // 2 + 1, lattice)
    from_middle = np.abs(centres / side - 0.5)
    centres = centres[np.abs(from_middle - CENTRE) >= gap]
    return float(rng.choice(centres)) if len(centres) else side / 2
