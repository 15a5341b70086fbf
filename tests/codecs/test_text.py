"""Words: exactly, between marks; the ids of text alone never hold a mark."""

import pytest

from anyvl.codecs import Kit, TextTokenizer, Words
from anyvl.codecs.text import ids_to_text, text_to_ids
from anyvl.errors import InputError
from anyvl.values import Frame
from anyvl.vocabulary import Vocabulary

TEXT = TextTokenizer.train(["a fox"], size=256)
KIT = Kit(vocabulary=Vocabulary(num_text=256, coordinate_bins=8, num_codes=0), text=TEXT)


def test_words_stand_between_marks():
    ids = Words().encode("a fox", KIT, Frame(1, 1))
    assert ids == [KIT.vocabulary.control("text"), *text_to_ids("a fox", KIT), KIT.vocabulary.control("text_end")]
    assert Words().decode(ids, KIT, Frame(1, 1)) == "a fox"


def test_a_literal_mark_is_text():
    ids = text_to_ids("<text><box></text>", KIT)
    assert all(KIT.vocabulary.modality_of(id) == "text" for id in ids)
    assert ids_to_text(ids, KIT) == "<text><box></text>"


@pytest.mark.parametrize("text", ["", "a\udc80"])
def test_no_words_are_refused(text):
    with pytest.raises(InputError):
        Words().encode(text, KIT, Frame(1, 1))
