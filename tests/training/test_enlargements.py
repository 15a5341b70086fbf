"""Squares that the refiner learns from: a function of the step, some steps of the same pictures, where something is missing."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from anyvl.refiner import enlarged
from anyvl.training.config import RefinerRun, Schedule, WorldConfig
from anyvl.training.enlargements import Enlargement, Enlargements

RUN = RefinerRun(
    schedule=Schedule(steps=9, rate=1e-3, warmup=1),
    image_tokenizer="",
    world=WorldConfig(repertoire="first", grids=((6, 9), (9, 6))),
    batch=4,
    crops=2,
    cells=4,
    uses=2,
)


@pytest.fixture
def made(small_parts: Any) -> Enlargements:
    return Enlargements(RUN, small_parts.tokenizer, None)


def test_a_batch_is_a_function_of_its_step(small_parts: Any, made: Enlargements) -> None:
    others = Enlargements(RUN, small_parts.tokenizer, None)
    for step in (0, 3, 5, 2):  # 3 and 5 are of one scale, 2 and 0 of the other
        one, other = made.batch(step, 0), others.batch(step, 0)
        scale = RUN.scales[step % 2]
        assert one["small"].shape == (4, 3, 32, 32)
        assert one["truth"].shape == (4, 3, 32 * scale, 32 * scale) and one["vectors"].shape[-2:] == (4, 4)
        assert all(torch.equal(one[name], other[name]) for name in one)
        others = Enlargements(RUN, small_parts.tokenizer, None)  # as after a stop


def test_pictures_serve_some_steps_with_other_noise(made: Enlargements) -> None:
    pictures = [made._pictures(4, step // 2 // RUN.uses, 0).truth for step in (1, 3, 5)]
    assert torch.equal(pictures[0], pictures[1]) and not torch.equal(pictures[1], pictures[2])
    assert not torch.equal(made.batch(1, 0)["sigma"], made.batch(3, 0)["sigma"])


def test_a_share_is_pure_noise_and_a_share_is_told_no_codes(small_parts: Any) -> None:
    for share in (0.0, 1.0):
        run = dataclasses.replace(RUN, pure_noise=share, blind=share)
        batch = Enlargements(run, small_parts.tokenizer, None).batch(0, 0)
        assert (batch["sigma"] == 1).all() == bool(share) and batch["vectors"].any() != bool(share)


def test_squares_lie_where_something_is_missing(made: Enlargements) -> None:
    small = torch.zeros(1, 3, 48, 72)
    truth = enlarged(small, 2)
    truth[..., 80:, 128:] = 1.0  # in the last cell alone
    one = Enlargement(small=small, truth=truth, vectors=torch.zeros(1, 8, 6, 9))
    rng = np.random.default_rng(0)
    corners = [corner for _ in range(100) for corner in made._corners(rng, one, 2)]
    hit = np.mean([row + RUN.cells == 6 and column + RUN.cells == 9 for row, column in corners])
    assert len(corners) == 200 and 0.7 < hit < 0.95  # the other seventeen squares share what is even
