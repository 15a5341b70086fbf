"""What the loops ask of a network: a small face behind which decoders of other families can stand."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from anyvl.model.decoder import Decoder
from anyvl.model.incremental import IncrementalDecoder, Span
from anyvl.model.kv_cache import KVCache
from anyvl.model.tree_mask import tree_mask

# Reading weights once takes as long as multiplying so many rows by them (docs/speed.md).
_ROW_COST_ON_CPU, _ROW_COST = 1 / 32, 1 / 256
_BRANCHES = 128
"""So many branches share a pass: more would only make its mask large."""


@runtime_checkable
class Stepper(Protocol):
    """A network that continues rows of ids. `cache` is its own affair."""

    device: torch.device
    longest: int
    """Most ids a row may have. Of a picture, up to 15 more may be tried beyond its end; nobody looks at their logits."""
    row_cost: float
    """What each id of a chunk adds to a forward, as a share of what one id alone costs."""

    def new_cache(self, batch: int, length: int) -> object:
        """Room for `length` ids in each of `batch` empty rows."""
        ...

    def extend(
        self,
        ids: Int[Tensor, "batch width"],
        widths: Int[Tensor, " batch"],
        cache: object,
        *,
        last: int = 1,
        span: Span | None = None,
    ) -> Float[Tensor, "batch last ids"]:
        """Row b goes on with ids[b, :widths[b]]; the logits after each of its `last` last ids, for the ids in `span` (all if
        None). Of a row of width 0, and before a row's first new id: anything."""
        ...

    def rewind(self, cache: object, counts: Int[Tensor, " batch"], longest: int | None = None) -> None:
        """Row b forgets its last counts[b] ids; longest: the most that a row then holds, where the caller knows."""
        ...

    def spread(self, cache: object, rows: Int[Tensor, " batch"]) -> object:
        """A cache whose row b is a copy of row rows[b]."""
        ...


class DecoderStepper:
    """Our decoder behind that face."""

    def __init__(self, decoder: Decoder, int8: bool = False) -> None:
        self.decoder, self._int8 = decoder, int8
        self.device = decoder.head.device
        self.longest = decoder.config.max_position_embeddings
        self.row_cost = _ROW_COST_ON_CPU if self.device.type == "cpu" else _ROW_COST
        self._network = IncrementalDecoder(decoder, int8)

    @property
    def dtype(self) -> torch.dtype:
        return self.decoder.head.dtype

    def repack(self) -> None:
        """Take over the decoder's weights as they are now; needed only after writes that torch does not count (`weight.data`)."""
        self._network = IncrementalDecoder(self.decoder, self._int8)

    def new_cache(self, batch: int, length: int) -> KVCache:
        if self._network.is_stale:
            self.repack()
        return KVCache(self.decoder.config, batch, length, device=self.device, dtype=self.dtype)

    def extend(
        self,
        ids: Int[Tensor, "batch width"],
        widths: Int[Tensor, " batch"],
        cache: object,
        *,
        last: int = 1,
        span: Span | None = None,
    ) -> Float[Tensor, "batch last ids"]:
        assert isinstance(cache, KVCache)
        return self._network.extend(ids, widths, cache, last=last, span=span)

    def rewind(self, cache: object, counts: Int[Tensor, " batch"], longest: int | None = None) -> None:
        assert isinstance(cache, KVCache)
        cache.rewind(counts, longest)

    def spread(self, cache: object, rows: Int[Tensor, " batch"]) -> KVCache:
        assert isinstance(cache, KVCache)
        return cache.spread(rows)

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
        hidden = self.decoder.hidden(row, places, tree_mask(owner))[0]
        asked = torch.tensor([i for i in range(1, len(ids)) if 0 < owners[i] == owners[i - 1]], device=self.device)
        logs = self.decoder.logits(hidden[asked - 1]).float().log_softmax(-1)
        each = logs.gather(1, row[0, asked][:, None])[:, 0]
        sums = torch.zeros(len(branches), device=self.device).index_add_(0, owner[0, asked] - 1, each)
        return sums.tolist()
