"""A draw stays inside mask, top-k and top-p, follows the temperature, and has no way out of the mask."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from anyvl.generation.draw import draw
from anyvl.generation.noise import gumbel_of_span, moments
from anyvl.sampling import Sampling

MANY = 20_000


def draws(logits, sampling, mask=None, seed=5):
    """MANY draws of one row, each with noise of its own."""
    logits = torch.tensor([logits]).expand(MANY, -1)
    mask = torch.ones_like(logits, dtype=torch.bool) if mask is None else torch.tensor([mask]).expand(MANY, -1)
    return draw(logits, mask, [sampling] * MANY, moments(torch.tensor(seed), torch.arange(MANY)))


def frequencies_fit(drawn, expected):
    counts = torch.bincount(drawn, minlength=len(expected)).double()
    expected = torch.tensor(expected, dtype=torch.float64) * MANY
    assert (counts[expected == 0] == 0).all()
    here = expected > 0
    return ((counts - expected)[here] ** 2 / expected[here]).sum() < 25


def probabilities(logits, temperature=1.0):
    weights = [math.exp(logit / temperature) for logit in logits]
    return [weight / sum(weights) for weight in weights]


def kept(weights, ids):
    total = sum(weights[i] for i in ids)
    return [weight / total if i in ids else 0.0 for i, weight in enumerate(weights)]


LOGITS = [0.3, 1.2, -0.5, 2.0, 0.9, -3.0]  # in order: 3 1 4 0 2 5


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_temperature(temperature):
    assert frequencies_fit(draws(LOGITS, Sampling(temperature=temperature)), probabilities(LOGITS, temperature))


def test_mask():
    mask = [True, False, True, False, True, True]
    drawn = draws(LOGITS, Sampling(), mask)
    assert frequencies_fit(drawn, kept(probabilities(LOGITS), [0, 2, 4, 5]))


@pytest.mark.parametrize("top_k, ids", [(1, [3]), (2, [3, 1]), (4, [3, 1, 4, 0]), (6, range(6)), (99, range(6))])
def test_top_k(top_k, ids):
    assert frequencies_fit(draws(LOGITS, Sampling(top_k=top_k)), kept(probabilities(LOGITS), list(ids)))


# probabilities: 0.47 0.21 0.16 0.09 0.04 0.003
@pytest.mark.parametrize("top_p, ids", [(0.01, [3]), (0.45, [3]), (0.6, [3, 1]), (0.8, [3, 1, 4]), (1.0, range(6))])
def test_top_p(top_p, ids):
    assert frequencies_fit(draws(LOGITS, Sampling(top_p=top_p)), kept(probabilities(LOGITS), list(ids)))


def test_temperature_comes_before_top_p_and_top_k_before_it():
    # at temperature 3 the likeliest three have 0.29 0.22 0.20; of the two that top-k leaves, the first has 0.57
    assert frequencies_fit(
        draws(LOGITS, Sampling(temperature=3.0, top_p=0.45)), kept(probabilities(LOGITS, 3.0), [3, 1])
    )
    assert set(draws(LOGITS, Sampling(temperature=3.0, top_k=2, top_p=0.45)).tolist()) == {3}


def test_what_the_mask_forbids_takes_no_place_in_top_k():
    drawn = draws(LOGITS, Sampling(top_k=2), [True, True, True, False, True, True])
    assert frequencies_fit(drawn, kept(probabilities(LOGITS), [1, 4]))


def test_every_row_follows_its_own_rule():
    rules = [Sampling(), Sampling(temperature=0.0), Sampling(top_k=2), Sampling(temperature=4.0, top_p=0.5)] * 50
    logits, positions = torch.randn(200, 30, generator=torch.Generator().manual_seed(1)), torch.arange(200)
    mask = torch.rand(200, 30, generator=torch.Generator().manual_seed(2)) < 0.6
    seeds = torch.arange(200) % 7
    when = moments(seeds, positions)
    together = draw(logits, mask, rules, when)
    for row, rule in enumerate(rules):
        one = slice(row, row + 1)
        assert draw(logits[one], mask[one], [rule], when[one]) == together[row]
    greedy = logits.masked_fill(~mask, -torch.inf).argmax(-1)
    assert torch.equal(together[1::4], greedy[1::4])


@given(
    logits=st.lists(
        st.sampled_from([math.nan, math.inf, -math.inf, 3e38, -3e38, 0.0, 1.0, -1e-30]), min_size=4, max_size=4
    ),
    mask=st.lists(st.booleans(), min_size=4, max_size=4).filter(any),
    sampling=st.builds(
        Sampling,
        temperature=st.sampled_from([0.0, 1e-45, 1e-6, 1.0, 1e30]),
        top_k=st.sampled_from([None, 1, 2]),
        top_p=st.sampled_from([None, 1e-9, 0.5]),
    ),
    seed=st.integers(0, 1000),
)
@settings(max_examples=300, deadline=None)
def test_whatever_the_logits_the_id_is_allowed(logits, mask, sampling, seed):
    chosen = draw(
        torch.tensor([logits]), torch.tensor([mask]), [sampling], moments(torch.tensor([seed]), torch.tensor([seed]))
    )
    assert mask[int(chosen)]


@pytest.mark.parametrize("seed, position, id", [(1, 194, 235), (4, 116, 108), (15, 193, 2087)])
def test_no_noise_lifts_an_id_over_the_mask(seed, position, id):
    mask = torch.zeros(1, 2304, dtype=torch.bool)
    mask[0, 7] = True
    assert draw(
        torch.zeros(1, 2304), mask, [Sampling()], moments(torch.tensor([seed]), torch.tensor([position]))
    ).tolist() == [7]


@pytest.mark.parametrize("width", [0.05, 0.4, 3.0])  # from all ids alike to a few that have it all
def test_top_p_is_the_same_over_many_ids(width):
    generator = torch.Generator().manual_seed(3)
    logits = width * torch.randn(6, 3000, generator=generator)
    when = moments(torch.arange(6), torch.arange(6) + 40)
    for rule in (Sampling(top_p=0.7), Sampling(top_p=0.9, temperature=0.7), Sampling(top_p=0.5, top_k=2000)):
        chances = (logits / rule.temperature).softmax(-1)
        if rule.top_k:
            chances = chances.where(chances >= chances.topk(rule.top_k).values[:, -1:], 0)
            chances = chances / chances.sum(-1, keepdim=True)
        ordered, order = chances.sort(-1, descending=True)
        out = torch.zeros_like(chances, dtype=torch.bool)
        out.scatter_(-1, order, ordered.cumsum(-1) - ordered >= rule.top_p)
        noisy = logits / rule.temperature + gumbel_of_span(when, 0, 3000)
        expected = noisy.masked_fill(out | (chances == 0), -torch.inf).argmax(-1)
        assert torch.equal(draw(logits, None, [rule] * 6, when), expected)
