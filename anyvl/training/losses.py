"""The loss of next-id prediction: a weighted mean over each modality's ids, so that pictures don't drown the rest."""

from collections.abc import Mapping

import torch
from einops import rearrange
from jaxtyping import Bool, Float, Int
from torch import Tensor

from anyvl.model.decoder import Decoder
from anyvl.vocabulary import MODALITIES


def block_mask(segments: Int[Tensor, "row token"]) -> Bool[Tensor, "row token token"]:
    """Who may see whom in packed rows: ids of one's own sequence up to oneself (padding sees padding, and bears no loss)."""
    length = segments.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=segments.device).tril()
    return (rearrange(segments, "r t -> r t 1") == rearrange(segments, "r t -> r 1 t")) & causal


def next_id_loss(
    decoder: Decoder,
    batch: Mapping[str, Tensor],
    modalities: Int[Tensor, " vocab"],
    modality_weights: Mapping[str, float],
) -> tuple[Float[Tensor, ""], dict[str, Tensor]]:
    """Sum over modalities of weight × mean loss of its ids, in nats; and each modality's mean, by name.

    batch: ids, weights, positions, segments (row, token); weights[r, t] is the loss weight of predicting ids[r, t].
    """
    hidden = decoder.hidden(batch["ids"], batch["positions"], block_mask(batch["segments"]))
    weights = batch["weights"][:, 1:]
    bears = weights > 0
    targets = batch["ids"][:, 1:][bears]
    logits = decoder.logits(hidden[:, :-1][bears]).float()
    nats = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    weight, kind = weights[bears], modalities[targets]
    total = nats.new_zeros(())
    figures: dict[str, Tensor] = {}
    for number, name in enumerate(MODALITIES):
        share = weight * (kind == number)
        mean = (nats * share).sum() / share.sum().clamp_min(1e-6)
        total = total + modality_weights.get(name, 1.0) * mean
        figures[name] = mean.detach()
    return total, figures
