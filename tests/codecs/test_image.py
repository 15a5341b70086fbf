"""Pictures as codes: what a sentence looks like, which grid is taken, what is refused."""

import numpy as np
import pytest

from anyvl.codecs import Kit, Picture, TextTokenizer, nearest_grid
from anyvl.errors import ConfigError, InputError
from anyvl.grammar.automaton import compile_grammar
from anyvl.grammar.terms import Sequence, Token
from anyvl.values import Codes, Frame
from anyvl.vocabulary import Vocabulary

TEXT = TextTokenizer.train(["a"], size=256)
VOCABULARY = Vocabulary(num_text=256, coordinate_bins=1000, num_codes=16)
GRIDS = ((2, 3), (3, 2), (2, 2))


class Brightness:
    """Stands for an image tokenizer: a cell's code is its mean brightness in sixteen steps."""

    def encode(self, picture, rows, columns):
        height, width, _ = picture.shape
        cells = picture.reshape(rows, height // rows, columns, width // columns, 3)
        return Codes.from_array((cells.mean(axis=(1, 3, 4)) // 16).astype(np.int64))

    def decode(self, codes):
        return np.repeat((codes.array()[..., None] * 16).astype(np.uint8), 3, axis=2)


KIT = Kit(vocabulary=VOCABULARY, text=TEXT, image=Brightness(), grids=GRIDS)


def test_the_worked_example():
    ids = Picture().encode(Codes(rows=2, columns=3, ids=(0, 1, 2, 3, 4, 5)), KIT, Frame(20, 30))
    words = " ".join(VOCABULARY.describe(id).replace("coordinate ", "").replace("code ", "c") for id in ids)
    assert words == "<image> 2 3 250 c0 c1 c2 749 c3 c4 c5 </image>"


def test_an_array_is_tokenised_on_the_grid_of_its_aspect():
    picture = np.zeros((40, 60, 3), dtype=np.uint8)
    picture[20:, 40:] = 255
    codes = Picture().decode(Picture().encode(picture, KIT, Frame(40, 60)), KIT, Frame(40, 60))
    assert codes == Codes(rows=2, columns=3, ids=(0, 0, 0, 0, 0, 15))


@pytest.mark.parametrize(
    "frame, grid",
    [((100, 150), (2, 3)), ((900, 601), (3, 2)), ((7, 7), (2, 2)), ((1, 4000), (2, 3)), ((4000, 1), (3, 2))],
)
def test_the_nearest_grid_is_by_ratio(frame, grid):
    assert nearest_grid(Frame(*frame), GRIDS) == grid
    assert nearest_grid(Frame(*frame), GRIDS[::-1]) == grid


def test_of_grids_with_one_aspect_the_finest_is_taken():
    assert nearest_grid(Frame(10, 10), ((2, 2), (4, 4), (3, 3))) == (4, 4)


def test_the_grammar_numbers_cells_and_marks_the_picture():
    automaton = compile_grammar(Sequence(Picture().grammar(KIT), Token(VOCABULARY.control("eos"))), VOCABULARY)
    ids = Picture().encode(Codes(rows=3, columns=2, ids=(0, 1, 2, 3, 4, 5)), KIT, Frame(30, 20))
    states = [automaton.trace(ids[:taken]).state for taken in range(len(ids) + 1)]
    assert [automaton.cell[state] for state in states] == [-1] * 4 + [0, 1, -1, 2, 3, -1, 4, 5, -1, -1]
    assert [bool(automaton.picture[state]) for state in states] == [False] + [True] * (len(ids) - 1) + [False]


@pytest.mark.parametrize("change", [(1, 0), (3, 1), (4, 1)])
def test_wrong_counts_and_rows_are_no_pictures(change):
    automaton = compile_grammar(Sequence(Picture().grammar(KIT), Token(VOCABULARY.control("eos"))), VOCABULARY)
    ids = [*Picture().encode(Codes(rows=2, columns=3, ids=(0,) * 6), KIT, Frame(2, 3)), VOCABULARY.control("eos")]
    assert automaton.accepts(ids)
    place, bin = change
    ids[place] = VOCABULARY.coordinate(bin)
    assert not automaton.accepts(ids)


def test_what_cannot_be_written_is_said():
    frame = Frame(40, 60)
    with pytest.raises(InputError, match="one of the grids"):
        Picture().encode(Codes(rows=1, columns=1, ids=(0,)), KIT, frame)
    with pytest.raises(InputError, match="between 0 and 15"):
        Picture().encode(Codes(rows=2, columns=2, ids=(0, 0, 0, 16)), KIT, frame)
    with pytest.raises(InputError, match=r"uint8 array of its frame's shape \(40, 60, 3\)"):
        Picture().encode(np.zeros((60, 40, 3), dtype=np.uint8), KIT, frame)
    blind = Kit(vocabulary=VOCABULARY, text=TEXT, grids=GRIDS)
    with pytest.raises(InputError, match="no image tokenizer"):
        Picture().encode(np.zeros((40, 60, 3), dtype=np.uint8), blind, frame)
    with pytest.raises(ConfigError, match="no picture grids"):
        Picture().grammar(Kit(vocabulary=VOCABULARY, text=TEXT))
