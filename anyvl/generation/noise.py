"""Noise that belongs to a picture, not to a batch: Gumbel numbers from counters (law: a seed is an image's own).

The number for (seed, output position, id) is a hash of the three, in integer arithmetic, so it is the same alone, in a
batch, on any device (but for the last bit of a logarithm) and whatever was drawn before.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

_MASK = 0xFFFFFFFF


def gumbel(seeds: Int[Tensor, " batch"], positions: Int[Tensor, " batch"], vocab: int) -> Float[Tensor, "batch vocab"]:
    """Standard Gumbel noise in fp32 by (seed, position, id): argmax(logits + noise) draws from softmax(logits).

    Always finite, between -2.9 and 22.9. Seeds are taken modulo 2^64, positions are non-negative.
    """
    low, high = seeds & _MASK, (seeds >> 32) & _MASK
    key = _mix(low ^ _mix(high ^ 0x9E3779B9))
    key = _mix(key ^ _mix(positions & _MASK))
    ids = torch.arange(vocab, device=seeds.device)
    bits = _mix(_mix(ids * 0x85EBCA6B & _MASK)[None, :] ^ key[:, None])
    # Of all 32 bits, so that the upper tail - the ids that win - is as fine as it can be. Half a step keeps the number
    # off 0, the clamp off 1, to which fp32 rounds the largest: infinite noise would lift an id over a mask of -inf.
    chance = ((bits.float() + 0.5) * 2.0**-32).clamp(max=1 - 2.0**-24)
    return -torch.log(-torch.log1p(-chance))


def _mix(x: Int[Tensor, "*shape"]) -> Int[Tensor, "*shape"]:
    """A bijection of 32-bit numbers with full avalanche (the finaliser "lowbias32", Wellons 2018), on int64 tensors."""
    x = x ^ (x >> 16)
    x = _times(x, 0x7FEB352D)
    x = x ^ (x >> 15)
    x = _times(x, 0x846CA68B)
    return x ^ (x >> 16)


def _times(x: Int[Tensor, "*shape"], factor: int) -> Int[Tensor, "*shape"]:
    # A product of two 32-bit numbers may pass 2^63; int64 wraps around, and the low 32 bits are right all the same.
    return (x * factor) & _MASK
