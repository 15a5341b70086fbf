"""FID and KID are 0 for the same distribution and what their formulas say for shifted and stretched ones."""

import numpy as np
import pytest

from anyvl.metrics import feature_distances

RNG = np.random.default_rng(0)
ONE, OTHER = (RNG.normal(size=(count, 5)).astype(np.float32) for count in (3000, 2500))


def test_two_samples_of_one_distribution_are_near() -> None:
    distances = feature_distances(ONE, OTHER)
    assert 0 <= distances["FID"] < 0.02 and abs(distances["KID"]) < 0.01


@pytest.mark.parametrize("shift", [0.5, 1.0])
def test_a_shift_costs_its_square_a_feature(shift: float) -> None:
    near, far = feature_distances(ONE, OTHER), feature_distances(ONE + shift, OTHER)
    assert far["FID"] == pytest.approx(5 * shift**2, rel=0.1)
    assert far["KID"] > 0.1 > near["KID"]


def test_a_stretch_costs_the_square_of_what_the_deviation_grows() -> None:
    assert feature_distances(ONE * 3, OTHER)["FID"] == pytest.approx(5 * (3 - 1) ** 2, rel=0.1)
