"""The image tokenizer: pictures to grids of codes and back (VQGAN, Esser et al. 2021).

Encoder and decoder are diffusers' convolutional blocks without mid-block attention, behind a pixel-unshuffle stem that makes a
small one cheap on a CPU; the quantizer is ours. A `cellwise` encoder sees each cell alone instead: then a code is a function of
its own pixels, equal cells have equal codes wherever they stand, and an edit changes no code outside itself. That costs a
little sharpness and spares the decoder of ids all that a wide encoder hides in the codes of empty ground.
"""

from dataclasses import dataclass

import torch
from diffusers.models.autoencoders.vae import Decoder as PixelDecoder
from diffusers.models.autoencoders.vae import Encoder as PixelEncoder
from einops import rearrange
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn

from anyvl.model.quantizer import Quantised, Quantizer

_CELLS = 4096
"""How many cells that are encoded by themselves are encoded at a time: memory stays that of so many."""


@dataclass(frozen=True, kw_only=True)
class VQGANConfig:
    """Shape of a VQGAN; one code stands for `factor` × `factor` px."""

    num_codes: int = 1024
    code_dim: int = 8
    channels: tuple[int, ...] = (48, 96, 128)
    layers_per_block: int = 1
    latent_channels: int = 64
    stem: int = 2
    """Side of the pixel-unshuffle stem: the first convolution sees stem² times the channels at 1/stem of the size."""
    norm_num_groups: int = 16
    normalize: bool = True
    cellwise: bool = False
    """Encode each cell by itself, with a `CellEncoder`, instead of with convolutions that see the whole picture."""

    @property
    def factor(self) -> int:
        return self.stem * 2 ** (len(self.channels) - 1)


class CellEncoder(nn.Module):
    """A residual network on the pixels of each cell alone (pixel-unshuffle, then 1 × 1 layers)."""

    def __init__(self, config: VQGANConfig, width: int = 256, depth: int = 3) -> None:
        super().__init__()
        self.factor = config.factor
        self.embed = nn.Linear(3 * config.factor**2, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
            for _ in range(depth)
        )
        self.out = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, config.latent_channels))

    def forward(self, picture: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch latent rows columns"]:
        side = self.factor
        cells = self.embed(rearrange(picture, "b c (y i) (x j) -> b y x (c i j)", i=side, j=side))
        for block in self.blocks:
            cells = cells + block(cells)
        return rearrange(self.out(cells), "b y x d -> b d y x")


class VQGAN(nn.Module):
    """Pictures in [-1, 1], RGB, height and width multiples of `config.factor`, to codes and back."""

    def __init__(self, config: VQGANConfig) -> None:
        super().__init__()
        self.config = config
        depth = len(config.channels)
        image_channels = 3 * config.stem**2
        self.encoder = (
            CellEncoder(config)
            if config.cellwise
            else PixelEncoder(
                in_channels=image_channels,
                out_channels=config.latent_channels,
                down_block_types=("DownEncoderBlock2D",) * depth,
                block_out_channels=config.channels,
                layers_per_block=config.layers_per_block,
                norm_num_groups=config.norm_num_groups,
                double_z=False,
                mid_block_add_attention=False,
            )
        )
        self.quant_conv = nn.Conv2d(config.latent_channels, config.code_dim, 1)
        self.quantize = Quantizer(config.num_codes, config.code_dim, normalize=config.normalize)
        self.post_quant_conv = nn.Conv2d(config.code_dim, config.latent_channels, 1)
        self.decoder = PixelDecoder(
            in_channels=config.latent_channels,
            out_channels=image_channels,
            up_block_types=("UpDecoderBlock2D",) * depth,
            block_out_channels=config.channels,
            layers_per_block=config.layers_per_block,
            norm_num_groups=config.norm_num_groups,
            mid_block_add_attention=False,
        )

    def keep_codes(self) -> None:
        """From now on training changes neither the codes of a picture nor the codebook: only how codes are painted."""
        self.encoder.requires_grad_(False)
        self.quant_conv.requires_grad_(False)
        self.quantize.following = False

    def prepare(self, device: torch.device | str, dtype: torch.dtype) -> "VQGAN":
        """Make ready for use, not for training: pictures are painted in `dtype`, codes always found in fp32.

        Which code is nearest must not depend on the precision that was asked for. (fp16 is fp32 on a CPU, which has no units
        for it.)
        """
        self.to(device=device, dtype=torch.float32).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if dtype != torch.float16 or torch.device(device).type != "cpu":
            self.post_quant_conv.to(dtype)
            self.decoder.to(dtype)
        for module in self.decoder.modules():
            if isinstance(module, nn.SiLU):
                module.inplace = True
        return self.eval()

    def latents(self, picture: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch dim rows columns"]:
        """What the quantizer sees."""
        if self.config.cellwise:
            return self.quant_conv(self.encoder(picture))
        stem = self.config.stem
        patches = rearrange(picture, "b c (y i) (x j) -> b (c i j) y x", i=stem, j=stem)
        return self.quant_conv(self.encoder(patches))

    def pixels(self, vectors: Float[Tensor, "batch dim rows columns"]) -> Float[Tensor, "batch 3 height width"]:
        """Pictures from code vectors."""
        stem = self.config.stem
        patches = self.decoder(self.post_quant_conv(vectors))
        return rearrange(patches, "b (c i j) y x -> b c (y i) (x j)", i=stem, j=stem)

    def forward(
        self, picture: Float[Tensor, "batch 3 height width"]
    ) -> tuple[Float[Tensor, "batch 3 height width"], Quantised]:
        """Round trip with straight-through gradients, for training."""
        quantised = self.quantize(self.latents(picture))
        return self.pixels(quantised.vectors), quantised

    @torch.no_grad()
    def encode(self, picture: UInt8[Tensor, "batch height width 3"]) -> Int[Tensor, "batch rows columns"]:
        """Codes of pictures given as bytes. Cells that are alike are encoded once where each is encoded by itself."""
        if not self.config.cellwise:
            return self._nearest(picture)
        side, rows = self.config.factor, picture.shape[1] // self.config.factor
        cells = rearrange(picture, "b (r i) (c j) d -> (b r c) (i j d)", i=side, j=side).contiguous()
        # Four bytes at a time where a cell has so many: there are fewer numbers to compare.
        words = cells.view(torch.int32) if cells.shape[1] % 4 == 0 else cells
        distinct, place = torch.unique(words, dim=0, return_inverse=True)
        alone = rearrange(distinct.view(torch.uint8), "n (i j d) -> n i j d", i=side, j=side)
        codes = torch.cat([self._nearest(some) for some in alone.split(_CELLS)])
        return rearrange(codes.flatten()[place], "(b r c) -> b r c", b=len(picture), r=rows)

    def _nearest(self, picture: UInt8[Tensor, "batch height width 3"]) -> Int[Tensor, "batch rows columns"]:
        dtype = self.quant_conv.weight.dtype
        scaled = rearrange(picture.to(dtype) / 127.5 - 1, "b y x c -> b c y x")
        vectors = self.latents(scaled)
        flat = rearrange(vectors, "b d r c -> (b r c) d").float()
        if self.config.normalize:
            flat = nn.functional.normalize(flat, dim=-1)
        codes = self.quantize.nearest(flat)
        return rearrange(codes, "(b r c) -> b r c", b=vectors.shape[0], r=vectors.shape[2])

    @torch.no_grad()
    def decode(self, codes: Int[Tensor, "batch rows columns"]) -> UInt8[Tensor, "batch height width 3"]:
        """Pictures as bytes, from codes."""
        vectors = self.quantize.look_up(codes).to(self.post_quant_conv.weight.dtype)
        picture = self.pixels(vectors).float()
        return rearrange(((picture + 1) * 127.5).round().clamp(0, 255).to(torch.uint8), "b c y x -> b y x c")
