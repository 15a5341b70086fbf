"""The terms a grammar is written in: frozen, hashable, no tensors; `compile_grammar` turns one into an automaton.

A grammar is read one id at a time: at every point the next id alone must tell which branch is meant, and a whole
grammar must end with an id that says so (usually `Token(vocabulary.control("eos"))`); ConfigError otherwise.

>>> pair = Sequence(Token(7), Repeat(OneOf(range(10, 20)), at_least=1), Token(8))       # 7 (10..19)+ 8

What coordinates have to do with one another is said with two names: a `rule` narrows the bins by registers, a `store`
writes registers (`anyvl/grammar/rules.py` holds both tables and the ready-made `box_corners`, `ring_vertices`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """Base of all terms."""


@dataclass(frozen=True)
class Token(Term):
    """Exactly one id."""

    id: int


@dataclass(frozen=True)
class OneOf(Term):
    """One id out of several."""

    ids: range | tuple[int, ...]


@dataclass(frozen=True)
class Coordinate(Term):
    """One coordinate id whose bin lies in low..high (both included; `high` None is the last bin) and obeys `rule`.

    `rule` is a name in `rules.RULES`; `store` a name in `rules.STORES`, or "" to remember nothing.
    """

    low: int = 0
    high: int | None = None
    rule: str = "any"
    store: str = ""


@dataclass(frozen=True)
class Cell(Term):
    """One image code: that of cell `index` of the picture, row by row. A request may force it (a copied cell)."""

    index: int


@dataclass(frozen=True, init=False)
class Sequence(Term):
    """One term after the other; `Sequence()` is the empty sentence."""

    terms: tuple[Term, ...]

    def __init__(self, *terms: Term):
        object.__setattr__(self, "terms", terms)


@dataclass(frozen=True, init=False)
class Either(Term):
    """One of several terms; their first ids must differ."""

    terms: tuple[Term, ...]

    def __init__(self, *terms: Term):
        object.__setattr__(self, "terms", terms)


@dataclass(frozen=True)
class Repeat(Term):
    """A term `at_least` to `at_most` times (None: without limit)."""

    term: Term
    at_least: int = 0
    at_most: int | None = None


@dataclass(frozen=True)
class Phrases(Term):
    """A closed set of id sequences; one may be a prefix of another where what follows the phrase differs."""

    phrases: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Text(Term):
    """One or more characters of valid UTF-8, in text ids: text piece i stands for the bytes `token_bytes[i]`.

    Characters may be split over ids and ids may hold parts of several characters; only whole characters can end.
    """

    token_bytes: tuple[bytes, ...]


@dataclass(frozen=True)
class InPicture(Term):
    """The same as `term`, marked as the inside of a picture: guidance acts there."""

    term: Term
