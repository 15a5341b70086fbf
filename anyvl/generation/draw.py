"""One id from logits: mask, temperature, top-k, top-p, Gumbel-max."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Int32
from torch import Tensor

from anyvl.generation.noise import gumbel, gumbel_of_span
from anyvl.sampling import Sampling

NEVER = float("-inf")
FAR = 1e30


def draw(
    logits: Float[Tensor, "row id"],
    mask: Bool[Tensor, "row id"] | None,
    rules: Sequence[Sampling],
    moments: Int32[Tensor, " row"],
    first: int = 0,
) -> Int[Tensor, " row"]:
    """The next id of every row: a deterministic function of its logits, mask, rule and moment (seed and output position).

    The columns are the ids from `first` on. mask: the ids that may come; all if None.
    """
    kinds = list(dict.fromkeys(rules))
    if len(kinds) == 1:
        return first + _draw_by(kinds[0], logits, mask, moments, first)
    chosen = torch.empty(len(rules), dtype=torch.int64, device=logits.device)
    for rule in kinds:
        rows = torch.tensor([i for i, other in enumerate(rules) if other == rule], device=logits.device)
        chosen[rows] = _draw_by(rule, logits[rows], None if mask is None else mask[rows], moments[rows], first)
    return first + chosen


def _draw_by(rule: Sampling, logits: Tensor, mask: Tensor | None, moments: Tensor, first: int) -> Int[Tensor, " row"]:
    """The columns that one rule draws for all rows."""
    scores = logits.float() if rule.greedy else logits.float() / rule.temperature
    if mask is not None:
        # Whatever the weights and however low the temperature: an id that may come stays above one that may not.
        scores = scores.nan_to_num(nan=-FAR, posinf=FAR, neginf=-FAR).masked_fill(~mask, NEVER)
    if rule.greedy:
        return scores.argmax(-1)
    least, kept = _least_kept(scores, rule)
    if least is None or not scores.is_cpu or 8 * kept > scores.shape[-1]:
        noise = gumbel_of_span(moments, first, first + scores.shape[-1])
        if least is not None:
            noise.masked_fill_(scores < least, NEVER)
        return noise.add_(scores).argmax(-1)
    # On a CPU noise is made for the few that stay; a GPU makes it all sooner than it could say which these are.
    rows, columns = (scores >= least).nonzero(as_tuple=True)
    noisy = torch.full_like(scores, NEVER)
    noisy[rows, columns] = scores[rows, columns] + gumbel(moments[rows], first + columns)
    return noisy.argmax(-1)


def _least_kept(scores: Float[Tensor, "row id"], rule: Sampling) -> tuple[Float[Tensor, "row 1"] | None, int]:
    """The lowest score among the rule's likeliest ids, None where it keeps all; on a CPU, how many it keeps at most."""
    size = scores.shape[-1]
    top_k = size if rule.top_k is None else min(rule.top_k, size)
    top_p = 1.0 if rule.top_p is None else rule.top_p
    if top_k == size and top_p == 1.0:
        return None, size
    # Numpy sorts many times faster than torch does on a CPU.
    rising = torch.from_numpy(np.sort(scores.numpy(), -1)) if scores.is_cpu else scores.sort(dim=-1).values
    likeliest = rising[:, size - top_k :].contiguous()
    place = torch.zeros_like(rising[:, :1], dtype=torch.int64)
    if top_p < 1.0:
        # An id stays while what is likelier has not reached the sum, so while it and what is less likely have more than the rest.
        sums = likeliest.softmax(-1).cumsum(-1)
        rest = torch.full_like(sums[:, :1], 1 - top_p)
        place = torch.searchsorted(sums, rest, right=True).clamp(max=top_k - 1)
    return likeliest.gather(-1, place), top_k - int(place.min()) if scores.is_cpu else size
