"""Noise that belongs to a picture, not to a batch: Gumbel numbers from counters (law: a seed is an image's own).

The number for (seed, output position, id) is a hash of the three, in integer arithmetic, so it is the same alone, in a
batch, on any device (but for the last bit of a logarithm) and whatever was drawn before.
"""

import torch
from jaxtyping import Float, Int, Int32
from torch import Tensor


def gumbel(
    seeds: Int[Tensor, " row"], positions: Int[Tensor, " row"], ids: Int[Tensor, "#row id"]
) -> Float[Tensor, "row id"]:
    """Standard Gumbel noise in fp32 by (seed, position, id): argmax(logits + noise) draws from softmax(logits).

    Always finite, between -2.9 and 22.9. Seeds are taken modulo 2^64, positions and ids modulo 2^32.
    """
    # Wrapping 32-bit arithmetic; only the last step needs to know that the numbers have no sign.
    low, high = seeds.to(torch.int32), (seeds >> 32).to(torch.int32)
    key = _mix(low ^ _mix(high ^ _signed(0x9E3779B9)))
    key = _mix(key ^ _mix(positions.to(torch.int32)))
    bits = _mix(_mix(ids.to(torch.int32) * _signed(0x85EBCA6B)) ^ key[:, None]).long() & 0xFFFFFFFF
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
