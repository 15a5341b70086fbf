"""Attention in blocks is attention: the same values and gradients as the fused kernel's, whatever the length and the mask."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from anyvl.model.blocked_attention import blocked_attention
from anyvl.model.tree_mask import tree_mask


@given(length=st.integers(1, 41), masked=st.booleans(), seed=st.integers(0, 1000))
def test_equals_the_fused_kernel(length, masked, seed):
    generator = torch.Generator().manual_seed(seed)
    inputs = [torch.randn(2, 3, length, 8, generator=generator, dtype=torch.float64) for _ in range(3)]
    slope = torch.randn(2, 3, length, 8, generator=generator, dtype=torch.float64)
    mask = None
    if masked:
        branches = torch.randint(0, 3, (2, length), generator=generator).sort(dim=1).values
        mask = tree_mask(branches)[:, None]
    results = []
    for attend in (blocked_attention, fused):
        leaves = [tensor.clone().requires_grad_() for tensor in inputs]
        mixed = attend(*leaves, mask)
        mixed.backward(slope)
        results.append([mixed, *(leaf.grad for leaf in leaves)])
    for mine, theirs in zip(*results, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def fused(queries, keys, values, mask):
    return F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, is_causal=mask is None)


@pytest.mark.parametrize("form", [torch.bfloat16, torch.float32])
def test_keeps_the_form_of_the_values(form):
    heads = torch.randn(1, 2, 5, 4, dtype=form)
    assert blocked_attention(heads, heads, heads).dtype == form
