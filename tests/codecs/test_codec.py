"""A kit's parts must fit one another."""

import pytest

from anyvl.codecs import CODECS, Codec, Kit, TextTokenizer
from anyvl.errors import ConfigError
from anyvl.vocabulary import Vocabulary

TEXT = TextTokenizer.train(["a"], size=256)


def test_text_ids_must_suffice():
    with pytest.raises(ConfigError, match="num_text=256"):
        Kit(vocabulary=Vocabulary(num_text=255, coordinate_bins=8, num_codes=0), text=TEXT)


@pytest.mark.parametrize("grid", [(0, 1), (1, 8)])
def test_counts_of_a_grid_must_be_bins(grid):
    vocabulary = Vocabulary(num_text=256, coordinate_bins=8, num_codes=1)
    Kit(vocabulary=vocabulary, text=TEXT, grids=((7, 1),))
    with pytest.raises(ConfigError, match="between 1 and 7"):
        Kit(vocabulary=vocabulary, text=TEXT, grids=(grid,))


def test_all_codecs_have_the_three_things():
    assert all(issubclass(codec, Codec) for codec in CODECS)
