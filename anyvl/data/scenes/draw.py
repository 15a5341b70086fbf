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

from anyvl.data.scenes.catalogue import GROUNDS
from anyvl.data.scenes.scene import STYLES, Ground, Scene
from anyvl.data.scenes.sprites import MIP_SIDES, Sprites

_GROUND_RGB = torch.tensor(list(GROUNDS.values()), dtype=torch.float32) / 255


def draw(scenes: Sequence[Scene], sprites: Sprites, scale: float = 1.0) -> Float[Tensor, "batch 3 height width"]:
    """Pictures in [0, 1], RGB, of scenes of one height and width; `scale` draws them larger."""
    sizes = {(scene.height, scene.width) for scene in scenes}
    assert len(sizes) == 1, f"scenes of one size expected, got {sizes}"
    height, width = (round(side * scale) for side in sizes.pop())
    device = sprites.mips[0].device
    picture = _grounds([scene.ground for scene in scenes], height, width, scale).to(device)
    for layer in range(max(len(scene.things) for scene in scenes)):
        rows = [row for row, scene in enumerate(scenes) if layer < len(scene.things)]
        for mip, members in _by_mip(scenes, rows, layer, scale).items():
            things = [scenes[row].things[layer] for row in members]
            table = torch.tensor(
                [[sprites.index(t.kind, t.colour), t.x * scale, t.y * scale, t.size * scale] for t in things],
                dtype=torch.float32,
            ).to(device)
            rgba = _paste(sprites.mips[mip][table[:, 0].long()], table[:, 1:], height, width)
            index = torch.tensor(members, device=device)
            picture[index] = rgba[:, :3] + picture[index] * (1 - rgba[:, 3:])
    return picture.clamp(0, 1)


def to_uint8(picture: Float[Tensor, "batch 3 height width"]) -> UInt8[Tensor, "batch height width 3"]:
    """Pictures in [0, 1] as bytes, channels last."""
    return rearrange((picture * 255).round().to(torch.uint8), "batch c y x -> batch y x c")


def draw_one(scene: Scene, sprites: Sprites, scale: float = 1.0) -> np.ndarray:
    """One picture as a uint8 array (height, width, 3)."""
    return to_uint8(draw([scene], sprites, scale))[0].numpy()


def _by_mip(scenes: Sequence[Scene], rows: list[int], layer: int, scale: float) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for row in rows:
        size = scenes[row].things[layer].size * scale
        mip = next((i for i, side in enumerate(MIP_SIDES) if side >= size), len(MIP_SIDES) - 1)
        groups.setdefault(mip, []).append(row)
    return groups


def _paste(
    sprite: Float[Tensor, "thing 4 side side2"], where: Float[Tensor, "thing 3"], height: int, width: int
) -> Float[Tensor, "thing 4 height width"]:
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


def _grounds(grounds: list[Ground], height: int, width: int, scale: float) -> Float[Tensor, "batch 3 height width"]:
    base = _GROUND_RGB[torch.tensor([ground.colour for ground in grounds])][:, :, None, None]
    style = torch.tensor([STYLES.index(ground.style) for ground in grounds])[:, None, None]
    angle = torch.tensor([ground.angle for ground in grounds])[:, None, None]
    strength = torch.tensor([ground.strength for ground in grounds])[:, None, None]
    y, x = torch.meshgrid((torch.arange(height) + 0.5) / scale, (torch.arange(width) + 0.5) / scale, indexing="ij")
    along = x * torch.cos(angle) + y * torch.sin(angle)
    span = (height * width) ** 0.5 / scale
    gradient = 0.16 * strength * (along / span - 0.5 * (torch.cos(angle) + torch.sin(angle)))
    return base + ((style == STYLES.index("gradient")) * gradient)[:, None]
