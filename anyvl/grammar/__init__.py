"""Grammars: terms (what may be said) → automaton (numpy tables) → `masks.GrammarState` (torch, imported by itself)."""

from anyvl.grammar.automaton import Automaton, compile_grammar
from anyvl.grammar.rules import box_corners, ring_vertices
from anyvl.grammar.terms import (
    Cell,
    Coordinate,
    Either,
    InPicture,
    OneOf,
    Phrases,
    Repeat,
    Sequence,
    Term,
    Text,
    Token,
)

__all__ = [
    "Automaton",
    "Cell",
    "Coordinate",
    "Either",
    "InPicture",
    "OneOf",
    "Phrases",
    "Repeat",
    "Sequence",
    "Term",
    "Text",
    "Token",
    "box_corners",
    "compile_grammar",
    "ring_vertices",
]
