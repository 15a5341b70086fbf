"""Coordinates: both edges are bins, and a position moves by half a bin at most."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anyvl.codecs.coordinates import decode_points, dequantise, encode_points, quantise
from anyvl.errors import InputError
from anyvl.values import Frame
from anyvl.vocabulary import Vocabulary

VOCABULARY = Vocabulary(num_text=300, coordinate_bins=1000, num_codes=10)


def test_the_worked_example():
    assert quantise(0.25, 1000) == 250
    assert quantise([0, 1, -3, 7], 64).tolist() == [0, 63, 0, 63]
    np.testing.assert_allclose(
        decode_points(encode_points([(100, 50)], VOCABULARY, Frame(50, 400)), VOCABULARY, Frame(50, 400)),
        [(250 / 999 * 400, 50)],
    )


@given(bins=st.integers(8, 2000), unit=st.floats(0, 1))
def test_half_a_bin(bins, unit):
    assert abs(dequantise(quantise(unit, bins), bins) - unit) <= 0.5 / (bins - 1) + 1e-12


@given(bins=st.integers(8, 2000))
def test_bins_come_back(bins):
    assert (quantise(dequantise(np.arange(bins), bins), bins) == np.arange(bins)).all()


@given(x=st.floats(0, 700), y=st.floats(0, 90))
def test_points_come_back(x, y):
    frame = Frame(90, 700)
    ids = encode_points([(x, y), (y, x / 8)], VOCABULARY, frame)
    assert len(ids) == 4 and all(id in VOCABULARY.coordinates for id in ids)
    error = np.abs(decode_points(ids, VOCABULARY, frame) - [(x, y), (y, x / 8)])
    assert (error <= np.array([700, 90]) * 0.5 / 999 + 1e-9).all()


def test_numbers_that_are_none_are_refused():
    with pytest.raises(InputError, match="finite"):
        encode_points([(float("nan"), 1)], VOCABULARY, Frame(2, 3))
