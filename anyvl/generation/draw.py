"""One id from logits: mask, temperature, top-k, top-p, Gumbel-max."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from anyvl.generation.noise import gumbel
from anyvl.sampling import Sampling

NEVER = float("-inf")


def draw(
    logits: Float[Tensor, "batch vocab"],
    mask: Bool[Tensor, "batch vocab"],
    rules: Sequence[Sampling],
    seeds: Int[Tensor, " batch"],
    positions: Int[Tensor, " batch"],
) -> Int[Tensor, " batch"]:
    """The next id of every row: a deterministic function of the row's logits, mask, rule, seed and output position."""
    logits = logits.float().masked_fill(~mask, NEVER)
    if all(rule.greedy for rule in rules):
        return logits.argmax(-1)
    for rule in dict.fromkeys(rules):
        if rule.greedy:
            continue
        rows = torch.tensor([other == rule for other in rules], device=logits.device)
        logits = torch.where(rows[:, None], _narrowed(logits / rule.temperature, rule), logits)
    drawn = (logits + gumbel(seeds, positions, logits.shape[-1])).argmax(-1)
    greedy = torch.tensor([rule.greedy for rule in rules], device=logits.device)
    return torch.where(greedy, logits.argmax(-1), drawn)


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
