"""The moving average of weights: what it is of, that it can be shown and taken back, and that it resumes."""

import pytest
import torch
from torch import nn

from anyvl.training.average import Average


def network(value: float) -> nn.Linear:
    made = nn.Linear(2, 3)
    for parameter in made.parameters():
        nn.init.constant_(parameter, value)
    return made


def test_it_is_near_the_last_weights_and_shows_itself_only_within() -> None:
    line = network(0.0)
    average = Average(line, decay=0.9)
    values = []
    for step in range(1, 200):
        for parameter in line.parameters():
            nn.init.constant_(parameter, float(step))
        average.follow()
        values.append(float(step))
    with average.shown():
        shown = float(line.weight[0, 0].detach())
    assert float(line.weight[0, 0].detach()) == 199.0
    weights = [0.9 ** (198 - place) for place in range(199)]
    expected = sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
    assert shown == pytest.approx(expected, abs=0.2) and shown < 191


def test_it_goes_on_from_what_it_kept() -> None:
    one, other = network(1.0), network(1.0)
    first, second = Average(one, 0.5), Average(other, 0.5)
    nn.init.constant_(one.weight, 3.0)
    first.follow()
    second.resume(first.tensors())
    with first.shown(), second.shown():
        assert torch.equal(one.weight, other.weight) and float(one.weight[0, 0].detach()) != 3.0
    third = Average(other, 0.5)
    third.resume({})  # a state from before there was an average
    with third.shown():
        assert float(other.weight[0, 0].detach()) == 1.0


def test_without_a_decay_the_weights_are_shown_as_they_are() -> None:
    line = network(1.0)
    average = Average(line, 0.0)
    nn.init.constant_(line.weight, 5.0)
    average.follow()
    with average.shown():
        assert float(line.weight[0, 0].detach()) == 5.0
