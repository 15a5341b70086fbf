"""What the loop asks of a network: a small face behind which decoders of other families can stand."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from anyvl.model.decoder import Decoder
from anyvl.model.kv_cache import KVCache
from anyvl.model.tree_mask import tree_mask

_BRANCHES = 128
"""So many branches share a pass: more would only make its mask large."""


@runtime_checkable
class Stepper(Protocol):
    """A network that continues rows of ids. `cache` is its own affair."""

    device: torch.device
    longest: int
    """Most ids a row may have."""

    def new_cache(self, batch: int, length: int) -> object:
        """Room for `length` ids in each of `batch` empty rows."""
        ...

    def extend(
        self, ids: Int[Tensor, "batch width"], widths: Int[Tensor, " batch"], cache: object
    ) -> Float[Tensor, "batch vocab"]:
        """Row b goes on with ids[b, :widths[b]]; the logits after its last id (of a row of width 0: anything)."""
        ...


class DecoderStepper:
    """Our decoder behind that face."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        weight = decoder.model.norm.weight
        self.device, self.dtype = weight.device, weight.dtype
        self.longest = decoder.config.max_position_embeddings

    def new_cache(self, batch: int, length: int) -> KVCache:
        return KVCache(self.decoder.config, batch, length, device=self.device, dtype=self.dtype)

    def extend(
        self, ids: Int[Tensor, "batch width"], widths: Int[Tensor, " batch"], cache: object
    ) -> Float[Tensor, "batch vocab"]:
        assert isinstance(cache, KVCache)
        return self.decoder.extend(ids, widths, cache)

    @torch.inference_mode()
    def likelihoods(self, trunk: Sequence[int], branches: Sequence[Sequence[int]]) -> list[float]:
        """The log probability, in nats and unmasked, that each branch follows the trunk.

        One pass for many branches: each sees the trunk and itself. Large sets go in several passes.
        """
        likely: list[float] = []
        for start in range(0, len(branches), _BRANCHES):
            likely += self._likelihoods(trunk, branches[start : start + _BRANCHES])
        return likely

    def _likelihoods(self, trunk: Sequence[int], branches: Sequence[Sequence[int]]) -> list[float]:
        # The last id of the trunk begins every branch: what follows it is predicted from it.
        ids, positions, owners = list(trunk[:-1]), list(range(len(trunk) - 1)), [0] * (len(trunk) - 1)
        for number, branch in enumerate(branches, start=1):
            ids += [trunk[-1], *branch]
            positions += range(len(trunk) - 1, len(trunk) + len(branch))
            owners += [number] * (len(branch) + 1)
        row, places, owner = (torch.tensor([values], device=self.device) for values in (ids, positions, owners))
        hidden = self.decoder.hidden(row, places, tree_mask(torch.ones_like(row), owner))[0]
        asked = torch.tensor([i for i in range(1, len(ids)) if 0 < owners[i] == owners[i - 1]], device=self.device)
        logs = self.decoder.logits(hidden[asked - 1]).float().log_softmax(-1)
        each = logs.gather(1, row[0, asked][:, None])[:, 0]
        sums = torch.zeros(len(branches), device=self.device).index_add_(0, owner[0, asked] - 1, each)
        return sums.tolist()
