"""A canvas says beforehand what the automaton would: which places are free, of which ids, and what stands at the others."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from anyvl.grammar.automaton import compile_grammar
from anyvl.grammar.canvas import canvas_of
from anyvl.grammar.masks import GrammarState
from anyvl.grammar.rules import box_corners
from anyvl.grammar.terms import Cell, Either, InPicture, OneOf, Repeat, Sequence, Token
from anyvl.vocabulary import Vocabulary

VOCABULARY = Vocabulary(num_text=8, coordinate_bins=16, num_codes=24)


def picture(rows, columns):
    lines = [
        Sequence(Token(VOCABULARY.coordinate(row)), *(Cell(row * columns + column) for column in range(columns)))
        for row in range(rows)
    ]
    inside = Sequence(*(Token(VOCABULARY.coordinate(n)) for n in (rows, columns)), *lines)
    return Sequence(
        Token(VOCABULARY.control("image")), InPicture(Sequence(inside, Token(VOCABULARY.control("image_end"))))
    )


def compiled(*terms):
    return compile_grammar(Sequence(*terms, Token(VOCABULARY.control("eos"))), VOCABULARY)


@given(rows=st.integers(1, 4), columns=st.integers(1, 5), copied=st.none() | st.lists(st.integers(-1, 23), max_size=25))
def test_it_says_what_the_automaton_allows(rows, columns, copied):
    grammar = compiled(picture(rows, columns))
    copy = None if copied is None else np.array([c if c < 0 else 152 + c for c in copied], dtype=np.int64)
    canvas = canvas_of(grammar, copy)
    assert canvas is not None and len(canvas) == grammar.shortest
    state = GrammarState([grammar], [grammar.shortest], [copy])
    one = torch.ones(1, dtype=torch.bool)
    for fixed in canvas.fixed.tolist():
        allowed = np.flatnonzero(state.mask()[0].numpy())
        assert allowed.tolist() == ([fixed] if fixed >= 0 else list(range(canvas.first, canvas.stop)))
        state.advance(torch.tensor([allowed[-1]]), one)
    assert bool(state.done)


def test_answers_of_several_shapes_have_none():
    assert (
        canvas_of(compiled(Either(picture(1, 2), Sequence(Token(VOCABULARY.control("object")), picture(2, 1))))) is None
    )
    assert canvas_of(compiled(Repeat(OneOf(range(4))))) is None
    assert canvas_of(compiled(box_corners(16), picture(1, 2))) is None
    assert canvas_of(compiled(OneOf(range(4)), picture(1, 2))) is None  # free, and not in a picture
