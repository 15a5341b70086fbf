"""Who may see whom where several sequences share their beginning."""

import torch
from einops import rearrange
from jaxtyping import Bool, Int
from torch import Tensor


def tree_mask(
    segments: Int[Tensor, "row token"], branches: Int[Tensor, "row token"]
) -> Bool[Tensor, "row token token"]:
    """Who may see whom in packed rows: of one's own tree the trunk and one's own branch, up to oneself.

    Padding sees padding, and bears no loss.
    """
    length = segments.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=segments.device).tril()
    seer, seen = rearrange(branches, "r t -> r t 1"), rearrange(branches, "r t -> r 1 t")
    same = rearrange(segments, "r t -> r t 1") == rearrange(segments, "r t -> r 1 t")
    return same & causal & ((seen == 0) | (seen == seer))
