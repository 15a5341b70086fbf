"""What the loop asks of a network: a small face behind which decoders of other families can stand."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from anyvl.model.decoder import Decoder
from anyvl.model.kv_cache import KVCache


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
