"""The loss of next-id prediction: a weighted mean over each modality's ids, so that pictures don't drown the rest."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from anyvl.data.mixture import rows_of
from anyvl.model.decoder import Decoder
from anyvl.model.tree_mask import tree_mask
from anyvl.vocabulary import MODALITIES

_CHUNK = 256
"""Positions whose logits are computed at a time on a CPU: few enough to stay in its cache."""
_LOGITS_ON_GPU = 2**25
"""How many logits a GPU computes at a time: enough to fill it, and no more than 128 MiB whatever the vocabulary."""


class _Nats(torch.autograd.Function):
    """Sum of shares[i] × cross-entropy of logits[i] = hidden[i] @ head.T with targets[i]; and each cross-entropy, in nats.

    The logits of all positions at once are by far the largest tensors of a training step. Here they are made a chunk at a time
    and turned into gradients while they are at hand, so that they are never stored.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, targets: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
        nats, hidden_grads = [], []
        head_grad = torch.zeros_like(head)
        chunk = _CHUNK if hidden.is_cpu else max(1, _LOGITS_ON_GPU // len(head))
        for h, t, s in zip(hidden.split(chunk), targets.split(chunk), shares.split(chunk), strict=True):
            logits = (h @ head.T).float()
            logs = torch.log_softmax(logits, dim=-1)
            nats.append(-logs.gather(1, t[:, None])[:, 0])
            slope = logs.exp_()
            slope[torch.arange(len(t), device=t.device), t] -= 1.0
            slope *= s[:, None]
            slope = slope.to(h.dtype)
            hidden_grads.append(slope @ head)
            head_grad += slope.T @ h
        ctx.save_for_backward(torch.cat(hidden_grads).to(hidden.dtype), head_grad)
        each = torch.cat(nats)
        ctx.mark_non_differentiable(each)
        return (each * shares).sum(), each

    @staticmethod
    def backward(ctx: Any, slope: Tensor, _: Tensor) -> tuple[Tensor, Tensor, None, None]:
        hidden_grad, head_grad = ctx.saved_tensors
        return hidden_grad * slope, head_grad * slope, None, None


def next_id_loss(
    decoder: Decoder,
    batch: Mapping[str, Tensor],
    modalities: Int[Tensor, " vocab"],
    modality_weights: Mapping[str, float],
) -> tuple[Float[Tensor, ""], dict[str, Tensor]]:
    """Sum over modalities of weight × mean loss of its ids, in nats; and each modality's mean, by name.

    batch: as `anyvl.data.mixture.Mixture.batch` makes it; weights[r, t] is the loss weight of predicting ids[r, t].
    """
    found: list[tuple[Tensor, Tensor, Tensor]] = []
    for kind, rows in rows_of(batch).items():
        mask = None if kind.startswith("lines") else tree_mask(rows["branches"], rows.get("owners"))
        hidden = decoder.hidden(rows["ids"], rows["positions"], mask)
        bears = rows["weights"][:, 1:] > 0
        found.append((hidden[:, :-1][bears], rows["ids"][:, 1:][bears], rows["weights"][:, 1:][bears]))
    seen, targets, weight = (torch.cat(parts) for parts in zip(*found, strict=True))
    modality = modalities[targets]
    shares, sums = torch.zeros_like(weight), {}
    for number, name in enumerate(MODALITIES):
        mine = weight * (modality == number)
        sums[name] = mine, mine.sum().clamp_min(1e-6)
        shares += modality_weights.get(name, 1.0) * mine / sums[name][1]
    total, nats = _Nats.apply(seen, decoder.head, targets, shares)
    return total, {name: (nats * mine).sum() / whole for name, (mine, whole) in sums.items()}
