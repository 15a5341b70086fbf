"""Who may see whom where several sequences share their beginning."""

import torch
from einops import rearrange
from jaxtyping import Bool, Int
from torch import Tensor


def tree_mask(
    branches: Int[Tensor, "row token"], owners: Int[Tensor, "row token"] | None = None
) -> Bool[Tensor, "row token token"]:
    """Who may see whom: the trunk and one's own branch of one's own tree, up to oneself.

    owners: the number of each token's tree in its row; None where a row holds one tree. What fills up a row sees the same way,
    and bears no loss.
    """
    length = branches.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=branches.device).tril()
    seer, seen = rearrange(branches, "r t -> r t 1"), rearrange(branches, "r t -> r 1 t")
    mask = causal & ((seen == 0) | (seen == seer))
    if owners is None:
        return mask
    return mask & (rearrange(owners, "r t -> r t 1") == rearrange(owners, "r t -> r 1 t"))
