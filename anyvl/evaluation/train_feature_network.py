"""Trains the network of the feature space on drawn scenes, in about 45 minutes on one core, and ships it with the package.

python -m anyvl.evaluation.train_feature_network

First it learns what a thing is, from small pictures of one, then to see it among others. From whole scenes alone it learns
colours and grounds, and of the 80 things of `BASIC` nothing in the first 3,000 steps.
"""

import sys

import torch
from einops import rearrange
from jaxtyping import UInt8
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from anyvl.data.scenes.draw import draw, to_uint8
from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.world import World
from anyvl.evaluation.feature_network import FEATURE_REPERTOIRE, FEATURE_WEIGHTS, FeatureNetwork
from anyvl.model.checkpoint import save_tensors

_GRIDS = ((16, 16), (12, 16), (20, 16))
_SMALL = (8, 8)
"""Grid of the pictures of one thing, which then is about as large as in a scene of the other sizes."""


def trained(of_one: int, of_scenes: int, batch: int = 64, seed: int = 0) -> FeatureNetwork:
    """A network trained on so many batches of small pictures of one thing, then of scenes, each batch of one size."""
    torch.manual_seed(seed)
    network = FeatureNetwork()
    for first, steps, rate, how_many in ((0, of_one, 2e-3, 1), (of_one, of_scenes, 7e-4, None)):
        optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps + 1, pct_start=0.05)
        for step in range(first, first + steps):
            loss = _loss(network, *_drawn(step, batch, seed, how_many))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if step % 100 == 99:
                print(f"step {step + 1}: {loss.item():.3f}", file=sys.stderr, flush=True)
    after = range(of_one + of_scenes, of_one + of_scenes + 3 * len(_GRIDS))
    network.standardise([_drawn(step, batch, seed)[0] for step in after])
    return network.eval()


def _drawn(
    step: int, batch: int, seed: int, how_many: int | None = None
) -> tuple[UInt8[Tensor, "batch 3 height width"], list[Scene]]:
    """Batch `step` of training scenes, all of one size; those of one thing are small."""
    grid = _SMALL if how_many == 1 else _GRIDS[step % len(_GRIDS)]
    world = World(grids=(grid,), factor=8, repertoire=FEATURE_REPERTOIRE, seed=seed + 1)
    scenes = [world.scene(step * batch + number, how_many) for number in range(batch)]
    return rearrange(to_uint8(draw(scenes, world.sprites)), "batch y x c -> batch c y x"), scenes


def _loss(network: FeatureNetwork, pictures: UInt8[Tensor, "batch 3 height width"], scenes: list[Scene]) -> Tensor:
    known = FEATURE_REPERTOIRE
    kinds, colours, grounds = network.says(pictures)
    true_kinds, true_colours = torch.zeros_like(kinds), torch.zeros_like(colours)
    for row, scene in enumerate(scenes):
        true_kinds[row, [known.things.index(thing.name) for thing in scene.things]] = 1.0
        true_colours[row, [known.colours.index(thing.colour_name) for thing in scene.things]] = 1.0
    ground = torch.tensor([known.grounds.index(scene.ground.name) for scene in scenes])
    loss = 20 * binary_cross_entropy_with_logits(kinds, true_kinds)
    if all(len(scene.things) == 1 for scene in scenes):
        # To tell the one thing from 79 others teaches more than 80 answers of yes or no.
        loss = loss + cross_entropy(kinds, true_kinds.argmax(1))
    return loss + 4 * binary_cross_entropy_with_logits(colours, true_colours) + 0.5 * cross_entropy(grounds, ground)


if __name__ == "__main__":
    network = trained(of_one=4000, of_scenes=3500)
    save_tensors({name: value.half() for name, value in network.state_dict().items()}, FEATURE_WEIGHTS)
