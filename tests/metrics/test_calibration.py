"""Probabilities that are as right as they say have no error; a temperature that spoilt them is found again."""

import numpy as np
import pytest

from anyvl.errors import InputError
from anyvl.metrics import all_matched, calibration_error, fitted_temperature, matched
from anyvl.values import Box


def test_honest_probabilities_have_no_error_and_boasts_their_distance() -> None:
    random = np.random.default_rng(0)
    said = random.uniform(0, 1, 20_000)
    right = random.uniform(0, 1, 20_000) < said
    assert calibration_error(said.tolist(), right.tolist()) < 0.02
    assert calibration_error([0.9] * 1000, [True, False] * 500) == pytest.approx(0.4, abs=0.02)
    assert calibration_error([1.0] * 30, [False] * 30) == 1.0
    with pytest.raises(InputError, match="at least one a bin"):
        calibration_error([0.5] * 3, [True] * 3)


@pytest.mark.parametrize("temperature", (0.3, 1.0, 4.0))
def test_the_temperature_of_logits_is_found(temperature: float) -> None:
    random = np.random.default_rng(1)
    true = random.normal(0, 2, (4000, 4))
    shares = np.exp(true) / np.exp(true).sum(1, keepdims=True)
    answers = [int(random.choice(4, p=row)) for row in shares]
    assert fitted_temperature((true * temperature).tolist(), answers) == pytest.approx(temperature, rel=0.1)


def test_boxes_match_once_and_best_first() -> None:
    true = [Box(0, 0, 10, 10), Box(20, 0, 30, 10)]
    assert matched([Box(1, 0, 10, 10), Box(0, 0, 10, 10)], true) == [(1, 0)]
    assert all_matched([Box(20, 0, 30, 9), Box(0, 0, 9, 10)], true)
    assert not all_matched(true[:1], true) and not all_matched([*true, true[0]], true)
    assert all_matched([], []) and not all_matched([], true)
