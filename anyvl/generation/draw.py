"""One id from logits: mask, temperature, top-k, top-p, Gumbel-max."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from anyvl.generation.noise import gumbel
from anyvl.sampling import Sampling

NEVER = float("-inf")
FAR = 1e30


def draw(
    logits: Float[Tensor, "batch vocab"],
    mask: Bool[Tensor, "batch vocab"],
    rules: Sequence[Sampling],
    seeds: Int[Tensor, " batch"],
    positions: Int[Tensor, " batch"],
) -> Int[Tensor, " batch"]:
    """The next id of every row: a deterministic function of the row's logits, mask, rule, seed and output position."""
    first, *others = dict.fromkeys(rules)
    chosen = _draw_by(first, logits, mask, seeds, positions)
    for rule in others:
        rows = torch.tensor([other == rule for other in rules], device=logits.device)
        chosen = torch.where(rows, _draw_by(rule, logits, mask, seeds, positions), chosen)
    return chosen


def _draw_by(rule: Sampling, logits: Tensor, mask: Tensor, seeds: Tensor, positions: Tensor) -> Int[Tensor, " batch"]:
    """The ids that one rule draws for all rows."""
    scores = logits.float() if rule.greedy else logits.float() / rule.temperature
    # Whatever the weights and however low the temperature: an id that may come stays above one that may not.
    scores = scores.nan_to_num(nan=-FAR, posinf=FAR, neginf=-FAR).masked_fill(~mask, NEVER)
    if rule.greedy:
        return scores.argmax(-1)
    return (_narrowed(scores, rule) + gumbel(seeds, positions, logits.shape[-1])).argmax(-1)


def _narrowed(logits: Float[Tensor, "batch vocab"], rule: Sampling) -> Float[Tensor, "batch vocab"]:
    """Logits with all but the rule's likeliest ids out."""
    if rule.top_k is not None and rule.top_k < logits.shape[-1]:
        least = logits.topk(rule.top_k, dim=-1).values[:, -1:]
        logits = logits.masked_fill(logits < least, NEVER)
    if rule.top_p is not None and rule.top_p < 1:
        ordered, order = logits.sort(dim=-1, descending=True, stable=True)
        weights = ordered.softmax(-1)
        # An id stays while what is before it has not reached the sum: the likeliest one always does.
        out = weights.cumsum(-1) - weights >= rule.top_p
        logits = logits.masked_fill(torch.zeros_like(out).scatter(-1, order, out), NEVER)
    return logits
