"""Scenes to pictures: batched torch drawing, on whatever device the sprites are.

All scenes of a batch share height and width. Things are pasted from the smallest kept sprite not below their size, layer by
layer from back to front, so the cost does not depend on which things there are.
"""

from collections.abc import Sequence

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, UInt8
from torch import Tensor

from anyvl.data.scenes.grounds import draw_grounds
from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.sprites import COLOUR_RGB, Sprites


def draw(scenes: Sequence[Scene], sprites: Sprites, scale: float = 1.0) -> Float[Tensor, "batch 3 height width"]:
    """Pictures in [0, 1], RGB, of scenes of one height and width; `scale` draws them larger."""
    sizes = {(scene.height, scene.width) for scene in scenes}
    assert len(sizes) == 1, f"scenes of one size expected, got {sizes}"
    height, width = (round(side * scale) for side in sizes.pop())
    device = sprites.mips[0].device
    picture = draw_grounds([scene.ground for scene in scenes], height, width).to(device)
    for layer in range(max(len(scene.things) for scene in scenes)):
        for mip, members in _by_mip(scenes, layer, scale, sprites.sides).items():
            things = [(scenes[row].things[layer], scenes[row].style) for row in members]
            drawings = torch.tensor([sprites.rows[thing.kind, style] for thing, style in things], device=device)
            where = torch.tensor([[thing.x, thing.y, thing.size] for thing, _ in things], device=device) * scale
            colours = COLOUR_RGB[[thing.colour for thing, _ in things]].to(device)
            parts = _paste(sprites.mips[mip][drawings].float() / 255, where, height, width)
            rgb = parts[:, :3] + colours[:, :, None, None] * parts[:, 3:4]
            index = torch.tensor(members, device=device)
            picture[index] = rgb + picture[index] * (1 - parts[:, 4:])
    return picture.clamp(0, 1)


def to_uint8(picture: Float[Tensor, "batch 3 height width"]) -> UInt8[Tensor, "batch height width 3"]:
    """Pictures in [0, 1] as bytes, channels last."""
    return rearrange((picture * 255).round().to(torch.uint8), "batch c y x -> batch y x c")


def draw_one(scene: Scene, sprites: Sprites, scale: float = 1.0) -> np.ndarray:
    """One picture as a uint8 array (height, width, 3)."""
    return to_uint8(draw([scene], sprites, scale))[0].cpu().numpy()


def _by_mip(scenes: Sequence[Scene], layer: int, scale: float, sides: tuple[int, ...]) -> dict[int, list[int]]:
    """The scenes that have a thing in a layer, by the sprites it is drawn from."""
    groups: dict[int, list[int]] = {}
    for row, scene in enumerate(scenes):
        if layer < len(scene.things):
            size = scene.things[layer].size * scale
            mip = next((i for i, side in enumerate(sides) if side >= size), len(sides) - 1)
            groups.setdefault(mip, []).append(row)
    return groups


def _paste(
    sprite: Float[Tensor, "thing 5 side side2"], where: Float[Tensor, "thing 3"], height: int, width: int
) -> Float[Tensor, "thing 5 height width"]:
    """Each sprite on an empty canvas of its own; `where` is centre x, centre y and size in px."""
    x, y, size = (where[:, i, None] for i in range(3))
    # grid_sample's frame: -1 and 1 are the outer edges of the sprite.
    across = (torch.arange(width, device=where.device) + 0.5 - x) * 2 / size
    down = (torch.arange(height, device=where.device) + 0.5 - y) * 2 / size
    grid = torch.stack(
        [across[:, None, :].expand(-1, height, -1), down[:, :, None].expand(-1, -1, width)],
        dim=-1,
    )
    return torch.nn.functional.grid_sample(sprite, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
