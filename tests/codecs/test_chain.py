"""Chains: each value gets its own ids and probabilities back."""

import pytest

from anyvl.codecs import Boxes, Chain, Kit, Picture, Region, TextTokenizer, Words
from anyvl.errors import ConfigError, InputError
from anyvl.grammar.automaton import compile_grammar
from anyvl.grammar.terms import Sequence, Token
from anyvl.values import Box, Codes, Frame, Instance
from anyvl.vocabulary import Vocabulary

TEXT = TextTokenizer.train(["a"], size=256)
KIT = Kit(vocabulary=Vocabulary(num_text=256, coordinate_bins=11, num_codes=4), text=TEXT, grids=((1, 2),))
FRAME = Frame(10, 20)
CODES = Codes(rows=1, columns=2, ids=(3, 0))


def test_probabilities_go_with_their_values():
    fox = Instance(label="f", box=Box(0, 0, 20, 10), frame=FRAME)
    chain = Chain(Words(), Boxes(), Picture())
    ids = chain.encode(("ab", [fox], CODES), KIT, FRAME)
    probabilities = [0.1] * 4 + [0.5] + [0.1] * 5 + [0.5] + [0.1] * (len(ids) - 11)
    text, (back,), codes = chain.decode(ids, KIT, FRAME, probabilities)
    assert (text, back.label, codes) == ("ab", "f", CODES)
    assert back.score == pytest.approx(0.25)


def test_values_may_be_empty_lists():
    chain = Chain(Boxes(), Picture())
    assert chain.decode(chain.encode(([], CODES), KIT, FRAME), KIT, FRAME) == ([], CODES)


def test_a_chain_of_nothing_is_nothing():
    assert Chain().encode((), KIT, FRAME) == [] and Chain().decode([], KIT, FRAME) == ()


def test_values_must_be_as_many_as_codecs():
    with pytest.raises(InputError, match="2 codecs takes as many values, but 1 came"):
        Chain(Region(), Picture()).encode((CODES,), KIT, FRAME)


def test_values_that_cannot_be_told_apart_are_refused():
    term = Sequence(Chain(Boxes(), Boxes()).grammar(KIT), Token(KIT.vocabulary.control("eos")))
    with pytest.raises(ConfigError):
        compile_grammar(term, KIT.vocabulary)
