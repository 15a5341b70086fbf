"""Codes to pixels: our VQGAN against taming-transformers' modules and diffusers' VQModel with the same weights; small parts."""

from functools import partial

import numpy as np
import torch
from torch import nn

from anyvl.bench.timing import Figure, median_seconds, plain, ratio
from anyvl.model.vqgan import VQGAN, VQGANConfig
from anyvl.values import Frame, Instance, Polygon

_CHANNELS = (64, 64, 128, 128, 256)
"""Of an f16 tokenizer at 256 px, half as wide as taming's."""


def pixels(rounds: int) -> list[Figure]:
    """256 px of 256 codes, f16, and what drawing masks costs."""
    torch.manual_seed(0)
    config = VQGANConfig(channels=_CHANNELS, layers_per_block=2, latent_channels=256, stem=1, norm_num_groups=32)
    theirs = _taming_decoder()
    figures: list[Figure] = []
    codes = torch.randn(1, 256, 16, 16).to(memory_format=torch.channels_last)
    peers = {"diffusers' VQModel": _without_attention(_diffusers_decoder(config))}
    if theirs is not None:
        peers["taming-transformers"] = theirs
    for dtype, kind in ((torch.float32, "fp32"), (torch.bfloat16, "bf16")):
        for name, peer in peers.items():
            ours = VQGAN(config).eval()
            weights = peer.state_dict()
            ours.decoder.load_state_dict(
                {_as_diffusers(key): value for key, value in weights.items()} if peer is theirs else weights
            )
            own = ours.prepare(torch.device("cpu"), dtype).decoder
            with torch.inference_mode():
                apart = (own(codes.to(dtype)).float() - peer(codes)).abs().max().item()
                figures.append(
                    ratio(
                        f"VQGAN decode, {kind} against {name}, fp32",
                        partial(own, codes.to(dtype)),
                        partial(peer, codes.contiguous()),
                        rounds,
                        f"largest difference {apart:.2g}",
                    )
                )
    return [*figures, *_masks()]


def _masks() -> list[Figure]:
    frame = Frame(height=768, width=1024)
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = [(512 + 300 * np.cos(a), 384 + 300 * np.sin(a)) for a in angles]
    thing = Instance(label="disk", polygons=(Polygon(tuple(ring)),), frame=frame)
    return [plain("mask of 24 vertices at 1024 x 768", 1e6 * median_seconds(thing.mask), "us")]


def _diffusers_decoder(config: VQGANConfig) -> nn.Module:
    from diffusers import VQModel

    depth = len(config.channels)
    model = VQModel(
        down_block_types=("DownEncoderBlock2D",) * depth,
        up_block_types=("UpDecoderBlock2D",) * depth,
        block_out_channels=config.channels,
        layers_per_block=config.layers_per_block,
        latent_channels=config.latent_channels,
        norm_num_groups=config.norm_num_groups,
        mid_block_add_attention=False,
    )
    return model.decoder.eval()


def _without_attention(module: nn.Module) -> nn.Module:
    assert not any(type(part).__name__ == "Attention" for part in module.modules())
    return module


def _taming_decoder() -> nn.Module | None:
    """taming's decoder without the attention that our layout leaves out; None where the package is not installed."""
    try:
        from taming.modules.diffusionmodules.model import Decoder as TamingDecoder
    except ImportError:
        return None
    module = TamingDecoder(
        ch=64, out_ch=3, ch_mult=(1, 1, 2, 2, 4), num_res_blocks=2, attn_resolutions=(), in_channels=3,
        resolution=256, z_channels=256,
    )  # fmt: skip
    module.mid.attn_1 = nn.Identity()
    return module.eval()


def _as_diffusers(name: str) -> str:
    """A parameter of taming's decoder by its name in diffusers' blocks."""
    for old, new in (
        ("mid.block_1", "mid_block.resnets.0"),
        ("mid.block_2", "mid_block.resnets.1"),
        ("nin_shortcut", "conv_shortcut"),
        ("norm_out", "conv_norm_out"),
    ):
        name = name.replace(old, new)
    if not name.startswith("up."):
        return name
    _, level, kind, *rest = name.split(".")
    block = f"up_blocks.{len(_CHANNELS) - 1 - int(level)}"
    if kind == "block":
        return ".".join((block, "resnets", *rest))
    return ".".join((block, "upsamplers.0", *rest))
