"""Who may see whom where several sequences share their beginning."""

import torch
from einops import rearrange
from jaxtyping import Bool, Int
from torch import Tensor


def tree_mask(branches: Int[Tensor, "row token"]) -> Bool[Tensor, "row token token"]:
    """Who may see whom in rows of one tree each: the trunk and one's own branch, up to oneself.

    What fills up a row sees the same way, and bears no loss.
    """
    length = branches.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=branches.device).tril()
    seer, seen = rearrange(branches, "r t -> r t 1"), rearrange(branches, "r t -> r 1 t")
    return causal & ((seen == 0) | (seen == seer))
