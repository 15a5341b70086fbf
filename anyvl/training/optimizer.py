"""Optimizers of the decoder and the refiner: Muon for what is hidden (Jordan et al. 2024), AdamW for their ends, norms and
biases; and how the embeddings of codes and coordinates start."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from anyvl.model.decoder import Decoder
from anyvl.training.config import Schedule
from anyvl.training.muon import Muon
from anyvl.vocabulary import Vocabulary


def decoder_optimizers(
    decoder: Decoder, schedule: Schedule, dtype: torch.dtype = torch.float32
) -> list[torch.optim.Optimizer]:
    """Muon (its iteration in `dtype`) and AdamW, each group with its `peak` rate; the loop scales both by the schedule."""
    matrices = [p for name, p in decoder.named_parameters() if p.ndim == 2 and ".layers." in name]
    tables = [p for name, p in decoder.named_parameters() if p.ndim == 2 and ".layers." not in name]
    norms = [p for p in decoder.parameters() if p.ndim == 1]
    return _muon_and_adamw(matrices, tables, norms, schedule, dtype, betas=(0.9, 0.95))


def refiner_optimizers(
    unet: nn.Module, schedule: Schedule, dtype: torch.dtype = torch.float32
) -> list[torch.optim.Optimizer]:
    """Muon (its iteration in `dtype`) for the hidden convolutions, AdamW for the network's ends (`conv_...`), what it is told of
    time, and biases."""
    inside = {name: p for name, p in unet.named_parameters() if p.ndim == 4 and not name.startswith("conv_")}
    outside = [p for name, p in unet.named_parameters() if p.ndim >= 2 and name not in inside]
    vectors = [p for p in unet.parameters() if p.ndim < 2]
    return _muon_and_adamw([*inside.values()], outside, vectors, schedule, dtype, betas=(0.9, 0.99))


def _muon_and_adamw(
    hidden: list[nn.Parameter],
    ends: list[nn.Parameter],
    vectors: list[nn.Parameter],
    schedule: Schedule,
    dtype: torch.dtype,
    betas: tuple[float, float],
) -> list[torch.optim.Optimizer]:
    """Muon for what is hidden, AdamW for the rest; norms and biases do not decay."""
    muon = Muon(
        [{"params": hidden, "peak": schedule.matrix_rate}],
        lr=schedule.matrix_rate,
        weight_decay=schedule.weight_decay,
        dtype=dtype,
    )
    adamw = torch.optim.AdamW(
        [
            {"params": ends, "peak": schedule.rate, "weight_decay": schedule.weight_decay},
            {"params": vectors, "peak": schedule.rate, "weight_decay": 0.0},
        ],
        lr=schedule.rate,
        betas=betas,
    )
    return [muon, adamw]


@torch.no_grad()
def start_embeddings(
    decoder: Decoder, vocabulary: Vocabulary, codebook: Float[Tensor, "code dim"], generator: torch.Generator
) -> None:
    """Start codes from their codebook vectors and coordinates from sines of the coordinate, both by a random projection.

    Neighbours in the codebook, or on an axis, start as neighbours in the model. The deviation is that of the other rows.
    """
    table = decoder.model.embed_tokens.weight
    width = table.shape[1]
    place = torch.linspace(0, 1, vocabulary.coordinate_bins)[:, None]
    octaves = 2.0 ** torch.arange(0, int(math.log2(vocabulary.coordinate_bins)))
    sines = torch.cat([torch.sin(math.pi * place * octaves), torch.cos(math.pi * place * octaves)], dim=1)
    for span, features in ((vocabulary.image, codebook.float().cpu()), (vocabulary.coordinates, sines)):
        projection = torch.randn(features.shape[1], width, generator=generator)
        rows = features @ projection
        table[span.start : span.stop] = (rows * (0.02 / rows.std())).to(table)
