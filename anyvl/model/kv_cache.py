"""The keys and values of what a batch of rows has said so far, with a length for every row."""

import copy
from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

if TYPE_CHECKING:
    from anyvl.model.decoder import DecoderConfig

_BLOCK, _STEADY_BLOCK = 64, 128


class KVCache:
    """Room for `length` ids in each of `batch` rows, all layers.

    Rows begin at slot 0, whatever their neighbours do, so no row is ever padded on the left. `lengths` are the ids each
    row holds. One slot more is kept at the end: padding is written there, and nothing reads it.
    """

    def __init__(
        self,
        config: "DecoderConfig",
        batch: int,
        length: int,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        # How many slots attention looks at, masked ones included, decides how its sums are rounded. In fp32 that makes near ties
        # and no more; with fewer bits it would show, so there every chunk looks at all slots, of which there are a coarse number.
        self._steady = dtype != torch.float32
        room = -(-length // _STEADY_BLOCK) * _STEADY_BLOCK if self._steady else length
        shape = (config.num_hidden_layers, batch, room + 1, 2 * config.num_key_value_heads, config.head_dim)
        # Keys, then values, of a slot side by side: one write a layer. Zeros and not whatever memory held: a masked slot
        # weighs 0, but 0 * nan would be nan.
        self.keys_values = torch.zeros(shape, device=device, dtype=dtype)
        self.lengths = torch.zeros(batch, device=device, dtype=torch.int64)
        self.length, self._room = length, room
        self._used = 0  # no row is longer; known without asking the device
        self._rows = torch.arange(batch, device=device)[:, None]
        self._all_slots = torch.arange(room + 1, device=device)
        self._slots = self._rows  # set by open
        self._span = 0

    def open(
        self, widths: Int[Tensor, " batch"], width: int
    ) -> tuple[Int[Tensor, "batch width"], Bool[Tensor, "batch width slot"]]:
        """Make ready for `width` columns of new ids, widths[b] real ones in row b: their positions, and what they see.

        The slots there are to see are the used ones, rounded up to a block; all of them in less than fp32.
        """
        if self.lengths.device.type == "cpu":
            self._used = int((self.lengths + widths).max())
            assert self._used <= self.length, f"{self._used} ids do not fit a cache of {self.length}"
        else:  # asking the device would wait for it
            self._used = min(self._used + width, self.length)
        self._span = self._room if self._steady else min(-(-max(self._used, 1) // _BLOCK) * _BLOCK, self._room)
        columns = torch.arange(width, device=self.lengths.device)
        positions = self.lengths[:, None] + columns
        real = columns < widths[:, None]
        self._slots = torch.where(real, positions, self._room)
        return positions, self._all_slots[: self._span] <= positions[..., None]

    def append(
        self, layer: int, keys: Float[Tensor, "batch width head dim"], values: Float[Tensor, "batch width head dim"]
    ) -> tuple[Float[Tensor, "batch head slot dim"], Float[Tensor, "batch head slot dim"]]:
        """Put the new keys and values of a layer; returns all of that layer up to the block."""
        own = self.keys_values[layer]
        own[self._rows, self._slots] = torch.cat((keys, values), 2)
        both = own[:, : self._span].transpose(1, 2)
        return both[:, : keys.shape[2]], both[:, keys.shape[2] :]

    def close(self, widths: Int[Tensor, " batch"]) -> None:
        """The new ids are in: rows are longer by `widths`."""
        self.lengths += widths

    def rewind(self, counts: Int[Tensor, " batch"], longest: int | None = None) -> None:
        """Forget the last counts[b] ids of row b; longest: the most ids that a row then holds, where the caller knows."""
        self.lengths -= counts
        self._used = self._used if longest is None else min(self._used, longest)

    def spread(self, rows: Int[Tensor, " batch"]) -> "KVCache":
        """A cache whose row b begins as row rows[b] of this one: what several rows have in common is computed once."""
        other = copy.copy(self)
        other.keys_values = self.keys_values[:, rows]
        other.lengths = self.lengths[rows]
        other._rows = torch.arange(len(rows), device=rows.device)[:, None]
        return other
