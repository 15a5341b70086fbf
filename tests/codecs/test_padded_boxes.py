"""Lists filled up with boxes of nothing: no shorter than asked, the things untouched, the boxes not to be learnt."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anyvl.codecs import Boxes, Kit, PaddedBoxes, TextTokenizer
from anyvl.codecs.padded_boxes import to_learn
from anyvl.errors import ConfigError
from anyvl.grammar.automaton import compile_grammar
from anyvl.grammar.terms import Sequence, Token
from anyvl.values import Box, Frame, Instance
from anyvl.vocabulary import Vocabulary

TEXT = TextTokenizer.train(["a fox"], size=256)
KIT = Kit(vocabulary=Vocabulary(num_text=256, coordinate_bins=101, num_codes=0), text=TEXT)
FRAME = Frame(200, 400)


def things(how_many: int) -> list[Instance]:
    return [Instance(label=f"fox {n}", box=Box(4 * n, 2 * n, 300 - n, 150), frame=FRAME) for n in range(how_many)]


@given(how_many=st.integers(0, 9), length=st.integers(1, 7))
def test_lists_are_filled_up_and_the_things_stay(how_many: int, length: int) -> None:
    value, codec = things(how_many), PaddedBoxes(length)
    ids = codec.encode(value, KIT, FRAME)
    assert ids[: len(Boxes().encode(value, KIT, FRAME))] == Boxes().encode(value, KIT, FRAME)
    assert ids.count(KIT.vocabulary.control("object")) == max(how_many, length)
    assert ids.count(KIT.vocabulary.control("none")) == max(0, length - how_many)
    assert codec.decode(ids, KIT, FRAME) == Boxes().decode(Boxes().encode(value, KIT, FRAME), KIT, FRAME)
    assert ids == codec.encode(value, KIT, FRAME)


@given(how_many=st.integers(0, 9), length=st.integers(1, 7))
def test_all_is_to_be_learnt_but_the_corners_of_nothing(how_many: int, length: int) -> None:
    vocabulary, ids = KIT.vocabulary, PaddedBoxes(length).encode(things(how_many), KIT, FRAME)
    eos = vocabulary.control("eos")
    bears = to_learn([*ids, eos], KIT)
    assert bears[-1] and (~bears).sum() == 4 * max(0, length - how_many)
    for place in np.flatnonzero(~bears):
        assert ids[place] in vocabulary.coordinates
        assert vocabulary.control("none") in ids[place + 1 : place + 5], "the corners of nothing alone"


def test_the_grammar_lets_no_list_end_early() -> None:
    eos = KIT.vocabulary.control("eos")
    automaton = compile_grammar(Sequence(PaddedBoxes(3).grammar(KIT), Token(eos)), KIT.vocabulary)
    assert not automaton.accepts([*Boxes().encode(things(2), KIT, FRAME), eos])
    assert automaton.accepts([*Boxes().encode(things(4), KIT, FRAME), eos])
    assert automaton.accepts([*PaddedBoxes(3).encode([], KIT, FRAME), eos])


def test_scores_stay_with_their_things() -> None:
    ids = PaddedBoxes(3).encode(things(1), KIT, FRAME)
    nothing, thing = ids[-16:-8], ids[:-16]
    marks = [0.5] + [1.0] * (len(thing) - 1)
    (found,) = PaddedBoxes(2).decode([*nothing, *thing], KIT, FRAME, [0.1] * len(nothing) + marks)
    assert found.label == "fox 0" and found.score == 0.5


def test_a_list_of_no_length_teaches() -> None:
    with pytest.raises(ConfigError, match="one entry or more"):
        PaddedBoxes(0)
