"""Trains the network of the feature space on drawn scenes, in minutes on two cores, and ships it with the package.

python -m anyvl.evaluation.train_feature_network
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

_GRIDS = ((10, 10), (8, 10), (13, 10))


def trained(steps: int, batch: int = 48, seed: int = 0) -> FeatureNetwork:
    """A network trained on that many batches of drawn scenes, of one size each."""
    torch.manual_seed(seed)
    network = FeatureNetwork()
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps, pct_start=0.05)
    for step in range(steps):
        pictures, scenes = _drawn(step, batch, seed)
        loss = _loss(network, pictures, scenes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 99:
            print(f"step {step + 1}: {loss.item():.3f}", file=sys.stderr, flush=True)
    network.standardise([_drawn(steps + more, batch, seed)[0] for more in range(3 * len(_GRIDS))])
    return network.eval()


def _drawn(step: int, batch: int, seed: int) -> tuple[UInt8[Tensor, "batch 3 height width"], list[Scene]]:
    """Batch `step` of training scenes, all of one size."""
    grid = _GRIDS[step % len(_GRIDS)]
    world = World(grids=(grid,), factor=8, repertoire=FEATURE_REPERTOIRE, seed=seed + 1)
    scenes = [world.scene(step * batch + number) for number in range(batch)]
    return rearrange(to_uint8(draw(scenes, world.sprites)), "batch y x c -> batch c y x"), scenes


def _loss(network: FeatureNetwork, pictures: UInt8[Tensor, "batch 3 height width"], scenes: list[Scene]) -> Tensor:
    known = FEATURE_REPERTOIRE
    kinds, colours, grounds = network.says(pictures)
    true_kinds, true_colours = torch.zeros_like(kinds), torch.zeros_like(colours)
    for row, scene in enumerate(scenes):
        true_kinds[row, [known.things.index(thing.name) for thing in scene.things]] = 1.0
        true_colours[row, [known.colours.index(thing.colour_name) for thing in scene.things]] = 1.0
    ground = torch.tensor([known.grounds.index(scene.ground.name) for scene in scenes])
    # Kinds weigh most: backgrounds and colours are learnt at once, kinds are what pictures are told apart by.
    return (
        20 * binary_cross_entropy_with_logits(kinds, true_kinds)
        + 5 * binary_cross_entropy_with_logits(colours, true_colours)
        + 0.3 * cross_entropy(grounds, ground)
    )


if __name__ == "__main__":
    network = trained(3000)
    save_tensors({name: value.half() for name, value in network.state_dict().items()}, FEATURE_WEIGHTS)
