"""Slips are codes that the decoder drew in the true one's place, where the two stand for nearly the same."""

import dataclasses

import numpy as np
import torch

from anyvl.data.scenes.world import World
from anyvl.training.slips import Slips


def test_only_near_codes_take_the_place_of_true_ones(small_parts) -> None:
    world = World(grids=((3, 5),), factor=8)
    scenes = [world.scene(index) for index in range(3)]
    codes = torch.from_numpy(np.random.default_rng(0).integers(64, size=(3, 3, 5)))
    slips = Slips(parts=small_parts, near=-1.0)

    def drawn(seed: int, near: float) -> torch.Tensor:
        return dataclasses.replace(slips, near=near)(scenes, codes, np.random.default_rng(seed))

    everything = drawn(1, -1.0)
    assert everything.shape == codes.shape and everything.min() >= 0 and everything.max() < 64
    assert torch.equal(everything, drawn(1, -1.0)) and not torch.equal(everything, drawn(2, -1.0))
    assert torch.equal(drawn(1, 1.01), codes)
    some = drawn(1, 0.2)
    vectors = small_parts.tokenizer.model.quantize.codebook
    near = torch.nn.functional.cosine_similarity(vectors[codes], vectors[everything], dim=-1) >= 0.2
    assert 0 < near.sum() < near.numel()
    assert torch.equal(some, torch.where(near, everything, codes))
