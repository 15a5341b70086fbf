"""What a world shows: some things, colours, grounds and styles of the catalogue, and which pairs it keeps out of training.

`FIRST` is a small world, `BASIC` that of the default checkpoint, `FULL` the whole catalogue.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass

from anyvl.data.scenes.catalogue import COLOUR_NAMES, COLOURS, GROUND_NAMES, GROUNDS, KIND_NAMES, KINDS, STYLES
from anyvl.errors import UnknownNameError

_LEAST_CONTRAST = 48
"""A thing's colour is at least this far (of 255, in the channel where most) from every colour of its ground."""


@dataclass(frozen=True, kw_only=True)
class Repertoire:
    """Things, colours, grounds and styles by name, a subset of the catalogue."""

    things: tuple[str, ...]
    colours: tuple[str, ...] = COLOUR_NAMES
    grounds: tuple[str, ...] = GROUND_NAMES
    styles: tuple[str, ...] = ("flat",)

    def __post_init__(self) -> None:
        for what, names, known in (
            ("kind of thing", self.things, KIND_NAMES),
            ("colour", self.colours, COLOUR_NAMES),
            ("ground", self.grounds, GROUND_NAMES),
            ("style", self.styles, STYLES),
        ):
            for name in names:
                if name not in known:
                    raise UnknownNameError(what, name, known)

    @functools.cached_property
    def kinds(self) -> tuple[int, ...]:
        """Numbers of its things in the catalogue."""
        return tuple(map(KIND_NAMES.index, self.things))

    def kinds_in(self, style: str) -> tuple[int, ...]:
        """Numbers of its things that are drawn in a style."""
        return tuple(kind for kind in self.kinds if style in KINDS[kind].styles)

    @property
    def unseen_style(self) -> str:
        """A style that nothing in it is drawn in, to see how a model reads what no training showed."""
        return next(style for style in ("cartoon", "outlined") if style not in self.styles)

    def colours_on(self, ground: int) -> tuple[int, ...]:
        """Numbers of its colours that stand out against a ground, by number."""
        return tuple(COLOUR_NAMES.index(name) for name in self.colours if stands_out(name, GROUND_NAMES[ground]))

    def held_out_colour(self, thing: str) -> str:
        """The one colour in which no training scene shows a thing; never its natural one.

        A Latin pattern: every thing lacks one colour, every colour is lacked by several things, so that both halves of a
        held-out pair are well known apart.
        """
        return self._held_out_colours[thing]

    @functools.cached_property
    def _held_out_colours(self) -> dict[str, str]:
        lacking = {}
        for row, (thing, kind) in enumerate(zip(self.things, self.kinds, strict=True)):
            colours = [self.colours[(4 * row + shift) % len(self.colours)] for shift in (2, 3)]
            lacking[thing] = next(colour for colour in colours if colour != KINDS[kind].natural)
        return lacking

    def is_held_out(self, thing: str, colour: str) -> bool:
        """True for the pairs of thing and colour that no training scene shows."""
        return self.held_out_colour(thing) == colour


@functools.cache
def stands_out(colour: str, ground: str) -> bool:
    """Whether a thing in the colour can be told from the ground."""

    def contrast(one: Iterable[int], other: Iterable[int]) -> int:
        return max(abs(a - b) for a, b in zip(one, other, strict=True))

    return all(contrast(COLOURS[colour], behind) >= _LEAST_CONTRAST for behind in GROUNDS[ground].colours)


FIRST = Repertoire(things=KIND_NAMES[:40], colours=COLOUR_NAMES[:9], grounds=GROUND_NAMES[:5])
BASIC = Repertoire(things=KIND_NAMES[:80], styles=("flat", "3d"))
FULL = Repertoire(things=KIND_NAMES, styles=("flat", "3d", "cartoon"))
REPERTOIRES = {"first": FIRST, "basic": BASIC, "full": FULL}


def find_repertoire(name: str) -> Repertoire:
    """The repertoire of a name; an `UnknownNameError` lists the names otherwise."""
    if name not in REPERTOIRES:
        raise UnknownNameError("repertoire", name, REPERTOIRES)
    return REPERTOIRES[name]
