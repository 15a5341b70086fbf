"""Noise is Gumbel, is a function of (seed, position, id) alone, and is never infinite."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from anyvl.generation.noise import gumbel, gumbel_of_span, moments


def noise(seeds, positions, vocab):
    when = moments(torch.tensor(seeds), torch.tensor(positions))
    spread = gumbel(when[:, None], torch.arange(vocab))
    later = gumbel_of_span(when, vocab // 3, vocab)
    assert torch.equal(later, spread[:, vocab // 3 :])
    return spread


def farthest(values: torch.Tensor) -> float:
    """The Kolmogorov-Smirnov distance of the values to the standard Gumbel distribution, times the root of their number."""
    ordered = values.flatten().double().sort().values.numpy()
    expected = np.exp(-np.exp(-ordered))
    count = len(ordered)
    steps = np.arange(count)
    return float(max((expected - steps / count).max(), ((steps + 1) / count - expected).max()) * count**0.5)


@pytest.mark.parametrize(
    "seeds, positions, vocab",
    [
        ([3], [5], 400_000),  # along ids
        ([7] * 4000, range(4000), 100),  # along positions
        (range(4000), [2] * 4000, 100),  # along seeds
        ([-(2**40) + 2**33 * i for i in range(4000)], [2] * 4000, 100),  # along the high half of a seed
    ],
)
def test_it_is_gumbel(seeds, positions, vocab):
    values = noise(list(seeds), list(positions), vocab)
    assert farthest(values) < 1.95  # passed by chance with a probability of 0.999
    for column in (0, vocab - 1):
        assert vocab > 1000 or farthest(values[:, column]) < 1.95


def test_neighbours_do_not_go_together():
    values = noise([seed for seed in range(60) for _ in range(60)], list(range(60)) * 60, 64).double()
    cube = (values - values.mean()) / values.std()
    cube = cube.view(60, 60, 64)
    for shifted, rest in ((cube[1:], cube[:-1]), (cube[:, 1:], cube[:, :-1]), (cube[..., 1:], cube[..., :-1])):
        assert abs((shifted * rest).mean().item()) < 4.5 / shifted.numel() ** 0.5


@given(
    seed=st.integers(-(2**63), 2**63 - 1),
    position=st.integers(0, 2**31),
    beside=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=4),
    vocab=st.integers(1, 300),
)
@settings(max_examples=50, deadline=None)
def test_it_knows_nothing_of_the_batch_or_the_vocabulary(seed, position, beside, vocab):
    alone = noise([seed], [position], 300)
    batch = noise([*(one for one, _ in beside), seed], [*(at for _, at in beside), position], vocab)
    assert torch.equal(batch[-1], alone[0, :vocab])


def test_the_argmax_draws_from_the_softmax():
    logits = torch.tensor([2.0, 0.0, 1.0, -1.0, 1.5])
    drawn = (logits + noise([9] * 50_000, list(range(50_000)), 5)).argmax(-1)
    expected = 50_000 * logits.softmax(0)
    counts = torch.bincount(drawn, minlength=5)
    assert ((counts - expected) ** 2 / expected).sum() < 18.5  # chi-square, 4 degrees, 0.999


def test_other_seeds_positions_and_ids_give_other_noise():
    seeds = [0, 1, 2**32, 2**32 + 1, 2**62, -1]
    rows = [(seed, position) for seed in seeds for position in range(50)]
    values = noise(*map(list, zip(*rows, strict=True)), 40)
    assert len(values.unique(dim=0)) == len(rows)
    assert all(len(row.unique()) == 40 for row in values)


@pytest.mark.parametrize("seed, position, id", [(1, 194, 235), (4, 116, 108), (15, 193, 2087)])
def test_it_is_finite_where_the_hash_is_largest(seed, position, id):
    # the top 24 bits of these three are all ones: rounded to fp32 naively they become the chance 1
    values = noise([seed], [position], 2304)[0]
    assert values.isfinite().all() and values.min() > -2.9
    assert values[id].abs() > 2.5


def test_the_language_of_noise_stays():
    # a changed hash would change the pictures of every seed
    first = noise([0, 7], [0, 3], 3)
    assert first.flatten().tolist() == pytest.approx(FIRST, abs=1e-5)


FIRST = [1.211001, 2.052391, 0.15034, -0.954845, 0.804187, -0.657292]
