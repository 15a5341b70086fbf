"""The refiner's network: a U-Net on the small picture's pixels that meets its codes where a place is one cell."""

import itertools
from collections.abc import Sequence

from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from diffusers.models.modeling_utils import ModelMixin
from diffusers.pipelines.pipeline_loading_utils import LOADABLE_CLASSES
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, silu

_Features = Float[Tensor, "batch channel row column"]
_TIMES = 1000
"""What the embedding of a noise level of 1 is told."""
_EMBEDDING = 128

# Of pipelines that come from a hub, diffusers takes networks only from modules that it has been told of.
LOADABLE_CLASSES.setdefault(__name__, {})


class _ResidualBlock(nn.Module):
    """Two convolutions beside the identity, told of the noise level in between. Without a norm, which would hide how far apart
    two colours are (Lim et al. 2017, arXiv:1707.02921)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.time_emb_proj = nn.Linear(_EMBEDDING, channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: _Features, time: Float[Tensor, "batch dim"]) -> _Features:
        inside = self.conv1(silu(x)) + self.time_emb_proj(time)[:, :, None, None]
        return x + self.conv2(silu(inside))


class RefinerUNet(ModelMixin, ConfigMixin):
    """From a noisy residual, the small picture and its codes to the residual: what the true picture has beside the enlarged one.

    Its places are the small picture's pixels at every scale (Shi et al. 2016, arXiv:1609.05158), of which each becomes a patch
    of scale × scale px; only its ends know of scales. It halves until a place is one cell, and is told there what the cell's code
    stands for. channels: of each level, finest first, so a cell has 2 ** (len(channels) - 1) px a side; depth: residual blocks at
    the coarsest. codes: vectors of the first codes that it is trained with, by which their tokenizer is known again.
    """

    @register_to_config
    def __init__(
        self,
        channels: Sequence[int] = (32, 64, 128, 256),
        depth: int = 3,
        scales: Sequence[int] = (2, 4),
        code_dim: int = 8,
        codes: Sequence[Sequence[float]] = (),
    ) -> None:
        super().__init__()
        steps = list(itertools.pairwise(channels))
        self.conv_in = nn.Conv2d(3, channels[0], 3, padding=1)
        self.conv_noisy = nn.ModuleDict(
            {str(scale): nn.Conv2d(3 * scale**2, channels[0], 3, padding=1) for scale in scales}
        )
        self.conv_code = nn.Conv2d(code_dim, channels[-1], 1, bias=False)
        self.conv_out = nn.ModuleDict(
            {str(scale): nn.Conv2d(channels[0], 3 * scale**2, 3, padding=1) for scale in scales}
        )
        self.time_proj = Timesteps(_EMBEDDING, flip_sin_to_cos=True, downscale_freq_shift=0)
        self.time_embedding = TimestepEmbedding(_EMBEDDING, _EMBEDDING)
        self.down_blocks = nn.ModuleList(_ResidualBlock(width) for width in channels[:-1])
        self.downsamplers = nn.ModuleList(nn.Conv2d(fine, coarse, 2, stride=2) for fine, coarse in steps)
        self.mid_blocks = nn.ModuleList(_ResidualBlock(channels[-1]) for _ in range(depth))
        self.upsamplers = nn.ModuleList(nn.Conv2d(coarse, 4 * fine, 1) for fine, coarse in steps)
        self.up_blocks = nn.ModuleList(_ResidualBlock(width) for width in channels[:-1])
        # It begins with no residual at all, which is the enlarged picture.
        for parameter in self.conv_out.parameters():
            nn.init.zeros_(parameter)

    @property
    def cell(self) -> int:
        """Px of the small picture that a side of a cell has, and its own sides multiples of."""
        return 2 ** len(self.downsamplers)

    def forward(
        self,
        noisy: Float[Tensor, "batch patch height width"],
        picture: Float[Tensor, "batch 3 height width"],
        code_vectors: Float[Tensor, "batch dim rows columns"] | None,
        sigma: Float[Tensor, " batch"],
        scale: int,
    ) -> Float[Tensor, "batch patch height width"]:
        """The residual times its gain, in patches of scale × scale px as channels (`torch.nn.functional.pixel_unshuffle`).

        noisy: the noisy one, scaled as by `anyvl.refiner.clean_residual`; picture: in [-1, 1], sides multiples of `cell`;
        code_vectors: one for every cell, None where nobody knows them.
        """
        time = silu(self.time_embedding(self.time_proj(sigma * _TIMES).to(self.dtype)))
        x = self.conv_in(picture.to(self.dtype)) + self.conv_noisy[str(scale)](noisy.to(self.dtype))
        skips = []
        for block, downsampler in zip(self.down_blocks, self.downsamplers, strict=True):
            x = block(x, time)
            skips.append(x)
            x = downsampler(x)
        if code_vectors is not None:
            x = x + self.conv_code(code_vectors.to(self.dtype))
        for block in self.mid_blocks:
            x = block(x, time)
        levels = zip(self.upsamplers, self.up_blocks, skips, strict=True)
        for upsampler, block, skip in reversed(list(levels)):
            x = block(pixel_shuffle(upsampler(x), 2) + skip, time)
        return self.conv_out[str(scale)](x).to(noisy.dtype)
