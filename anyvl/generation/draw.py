"""One id from logits: mask, temperature, top-k, top-p, Gumbel-max."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from anyvl.generation.noise import gumbel
from anyvl.sampling import Sampling

NEVER = float("-inf")
FAR = 1e30
_LIKELIEST = 256
"""Top-p looks at so many of the likeliest ids first: sorting all of them costs more than a step of a small network."""


def draw(
    logits: Float[Tensor, "row id"],
    mask: Bool[Tensor, "row id"] | None,
    rules: Sequence[Sampling],
    seeds: Int[Tensor, " row"],
    positions: Int[Tensor, " row"],
    first: int = 0,
) -> Int[Tensor, " row"]:
    """The next id of every row: a deterministic function of the row's logits, mask, rule, seed and output position.

    The columns are the ids from `first` on. mask: the ids that may come; all if None.
    """
    kinds = list(dict.fromkeys(rules))
    if len(kinds) == 1:
        return first + _draw_by(kinds[0], logits, mask, seeds, positions, first)
    chosen = torch.empty_like(positions)
    for rule in kinds:
        rows = torch.tensor([i for i, other in enumerate(rules) if other == rule], device=logits.device)
        chosen[rows] = _draw_by(
            rule, logits[rows], None if mask is None else mask[rows], seeds[rows], positions[rows], first
        )
    return first + chosen


def _draw_by(
    rule: Sampling, logits: Tensor, mask: Tensor | None, seeds: Tensor, positions: Tensor, first: int
) -> Int[Tensor, " row"]:
    """The columns that one rule draws for all rows."""
    scores = logits.float() if rule.greedy else logits.float() / rule.temperature
    # Whatever the weights and however low the temperature: an id that may come stays above one that may not.
    scores = scores.nan_to_num(nan=-FAR, posinf=FAR, neginf=-FAR)
    if mask is not None:
        scores = scores.masked_fill(~mask, NEVER)
    if rule.greedy:
        return scores.argmax(-1)
    scores, columns = _narrowed(scores, rule)
    ids = first + (torch.arange(scores.shape[-1], device=scores.device)[None] if columns is None else columns)
    chosen = (scores + gumbel(seeds, positions, ids)).argmax(-1)
    return chosen if columns is None else columns.gather(-1, chosen[:, None])[:, 0]


def _narrowed(scores: Float[Tensor, "row id"], rule: Sampling) -> tuple[Tensor, Tensor | None]:
    """The scores of the rule's likeliest ids, the others out, and the columns they come from (None: as they were)."""
    columns: Tensor | None = None
    if rule.top_k is not None and rule.top_k < scores.shape[-1]:
        scores, columns = scores.topk(rule.top_k, dim=-1)
    if rule.top_p is None or rule.top_p >= 1:
        return scores, columns
    total = scores.logsumexp(-1, keepdim=True)
    if columns is None and scores.is_cpu and scores.shape[-1] > _LIKELIEST:
        ordered, columns = scores.topk(_LIKELIEST, dim=-1)
        # A row may need more of them than these. (A GPU sorts fast, and asking it would wait for it.)
        if not bool(((ordered - total).exp().sum(-1) >= rule.top_p).all()):
            ordered, columns = scores.sort(dim=-1, descending=True)
    elif columns is None:
        ordered, columns = scores.sort(dim=-1, descending=True)
    else:
        ordered = scores
    weights = (ordered - total).exp()
    # An id stays while what is before it has not reached the sum: the likeliest one always does.
    return ordered.masked_fill(weights.cumsum(-1) - weights >= rule.top_p, NEVER), columns
