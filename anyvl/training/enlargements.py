"""What a refiner learns from: drawn scenes at high resolution, and the same at the size and with the faults of the decoder's."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool2d

from anyvl.data.scenes.draw import draw, to_uint8
from anyvl.data.scenes.sprites import Sprites, load_sprites
from anyvl.data.scenes.world import World
from anyvl.model.image_tokenizer import VQGANTokenizer
from anyvl.refiner import enlarged
from anyvl.training.config import RefinerRun
from anyvl.training.slips import Slips

_EVEN = 0.25
"""How likely squares are where nothing is missing, beside the mean of all."""
_LARGEST = 0.625
"""Of a picture's longer side: about the largest that a thing is drawn."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Enlargement:
    """Small pictures and the large ones they should become, both in [-1, 1], and the vectors of the small ones' codes."""

    small: Float[Tensor, "batch 3 height width"]
    truth: Float[Tensor, "batch 3 height2 width2"]
    vectors: Float[Tensor, "batch dim rows columns"]


class Enlargements:
    """Batches of squares out of pictures of a world, by step."""

    def __init__(self, run: RefinerRun, tokenizer: VQGANTokenizer, slips: Slips | None) -> None:
        self.run, self.tokenizer, self.slips = run, tokenizer, slips
        self.world: World = run.world.world()
        self._kept: dict[int, tuple[tuple[int, int], Enlargement]] = {}
        device = tokenizer.model.quantize.codebook.device
        longest = max(run.scales) * max(side * self.world.factor for grid in self.world.grids for side in grid)
        self.sprites: Sprites = load_sprites(self.world.shown, finest=round(_LARGEST * longest)).to(device)

    def sample(self, rng: np.random.Generator, scale: int, count: int) -> Enlargement:
        """Whole pictures of one size: as drawn, as their codes give them back, or with the slips of a decoder."""
        world, kind = self.world, rng.random()
        rows, columns = world.grids[int(rng.integers(len(world.grids)))]
        scenes = [
            world.any_scene(rng, rows * world.factor, columns * world.factor, anywhere=rng.random() < self.run.anywhere)
            for _ in range(count)
        ]
        small = to_uint8(draw(scenes, self.sprites))
        if kind >= self.run.clean:
            codes = self.tokenizer.encode_batch(small)
            if self.slips is not None and kind >= 1 - self.run.slips:
                codes = self.slips(scenes, codes, rng)
            small = self.tokenizer.model.decode(codes)
        # Of the picture as it is shown, not of the drawing: nobody has more to tell who brings a picture to be refined.
        vectors = self.tokenizer.model.quantize.look_up(self.tokenizer.encode_batch(small))
        picture = rearrange(small.float() / 127.5 - 1, "b y x c -> b c y x")
        return Enlargement(small=picture, truth=draw(scenes, self.sprites, scale) * 2 - 1, vectors=vectors.float())

    def _pictures(self, scale: int, number: int, rank: int) -> Enlargement:
        """The pictures that squares are taken from in `uses` steps of a scale; only the last ones are kept."""
        known = self._kept.get(scale)
        if known is None or known[0] != (number, rank):
            rng = np.random.default_rng((self.run.seed, 3, scale, number, rank))
            known = (number, rank), self.sample(rng, scale, self.run.batch // self.run.crops)
            self._kept[scale] = known
        return known[1]

    def _corners(self, rng: np.random.Generator, whole: Enlargement, scale: int) -> list[tuple[int, int]]:
        """First row and column, in cells, of `crops` squares of every picture: the likelier, the more is to be learnt."""
        missing = (whole.truth - enlarged(whole.small, scale)).abs().mean(1, keepdim=True)
        squares = (
            avg_pool2d(avg_pool2d(missing, self.world.factor * scale), self.run.cells, stride=1)[:, 0]
            .cpu()
            .double()
            .numpy()
        )
        corners: list[tuple[int, int]] = []
        for one in squares:
            chances = one + _EVEN * one.mean() + 1e-6
            found = rng.choice(one.size, size=self.run.crops, p=(chances / chances.sum()).ravel())
            corners += [(int(place) // one.shape[1], int(place) % one.shape[1]) for place in found]
        return corners

    def batch(self, step: int, rank: int) -> Mapping[str, Tensor]:
        """Squares of one scale, a noise level for each: often the first of a flow, where most of it is decided."""
        run, rng = self.run, np.random.default_rng((self.run.seed, 5, step, rank))
        scale = run.scales[step % len(run.scales)]
        whole = self._pictures(scale, step // len(run.scales) // run.uses, rank)
        corners = self._corners(rng, whole, scale)
        told = torch.from_numpy(rng.random(len(corners)) >= run.blind).to(whole.vectors)[:, None, None, None]
        sigma = np.where(rng.random(len(corners)) < run.pure_noise, 1.0, rng.random(len(corners)))

        def cut(planes: Tensor, cell: int) -> Tensor:
            """A square of run.cells cells of so many px from each corner, run.crops out of every picture."""
            side = run.cells * cell
            return torch.stack(
                [
                    planes[number // run.crops, :, row * cell : row * cell + side, column * cell : column * cell + side]
                    for number, (row, column) in enumerate(corners)
                ]
            )

        return {
            "small": cut(whole.small, self.world.factor),
            "truth": cut(whole.truth, self.world.factor * scale),
            "vectors": cut(whole.vectors, 1) * told,
            "sigma": torch.from_numpy(sigma.astype(np.float32)).to(whole.small.device),
        }
