"""Noise that belongs to a picture, not to a batch: Gumbel numbers from counters (law: a seed is an image's own).

The number for (seed, output position, id) is a hash of the three, in integer arithmetic, so it is the same alone, in a
batch, on any device (but for the last bit of a logarithm) and whatever was drawn before.
"""

from functools import lru_cache

import torch
from jaxtyping import Float, Int, Int32
from torch import Tensor


def moments(seeds: Int[Tensor, "*#shape"], positions: Int[Tensor, "*#shape"]) -> Int32[Tensor, "*shape"]:
    """Hashes of (seed, output position), what noise depends on besides the id.

    Seeds are taken modulo 2^64, positions modulo 2^32.
    """
    # Wrapping 32-bit arithmetic; only the last step (`_of_hashes`) needs to know that the numbers have no sign.
    low, high = seeds.to(torch.int32), (seeds >> 32).to(torch.int32)
    key = _mix(low ^ _mix(high ^ _signed(0x9E3779B9)))
    return _mix(key ^ _mix(positions.to(torch.int32, copy=True)))


def gumbel(moments: Int32[Tensor, "*#shape"], ids: Int[Tensor, "*#shape"]) -> Float[Tensor, "..."]:
    """Standard Gumbel noise in fp32 by (seed, position, id): argmax(logits + noise) draws from softmax(logits).

    Always finite, between -2.9 and 22.9. Ids are taken modulo 2^32.
    """
    return _of_hashes(moments ^ _mix(ids.to(torch.int32) * _signed(0x85EBCA6B)))


def gumbel_of_span(moments: Int32[Tensor, " row"], first: int, stop: int) -> Float[Tensor, "row id"]:
    """The same for every id from `first` up to, without, `stop`; what depends on ids alone is remembered."""
    return _of_hashes(moments[:, None] ^ _hashed_span(first, stop, moments.device))


@lru_cache(maxsize=8)
def _hashed_span(first: int, stop: int, device: torch.device) -> Int32[Tensor, " id"]:
    with torch.inference_mode():
        return _mix(torch.arange(first, stop, device=device, dtype=torch.int32) * _signed(0x85EBCA6B))


def _of_hashes(hashes: Int32[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    bits = _mix(hashes).long() & 0xFFFFFFFF
    # Of all 32 bits, so that the upper tail - the ids that win - is as fine as it can be. Half a step keeps the number
    # off 0, the clamp off 1, to which fp32 rounds the largest: infinite noise would lift an id over a mask of -inf.
    chance = bits.float().add_(0.5).mul_(2.0**-32).clamp_(max=1 - 2.0**-24)
    return chance.neg_().log1p_().neg_().log_().neg_()


def _mix(x: Int32[Tensor, "*shape"]) -> Int32[Tensor, "*shape"]:
    """A bijection of 32-bit numbers with full avalanche (the finaliser "lowbias32", Wellons 2018), in place."""
    x ^= (x >> 16).bitwise_and_(0xFFFF)  # a shift copies the sign: the mask makes it one of an unsigned number
    x *= 0x7FEB352D
    x ^= (x >> 15).bitwise_and_(0x1FFFF)
    x *= _signed(0x846CA68B)
    x ^= (x >> 16).bitwise_and_(0xFFFF)
    return x


def _signed(bits: int) -> int:
    """The int32 of the same 32 bits."""
    return bits - 2**32 if bits >= 2**31 else bits


def as_int64(seed: int) -> int:
    """A seed modulo 2^64 as the int64 of the same bits."""
    seed %= 2**64
    return seed - 2**64 if seed >= 2**63 else seed
