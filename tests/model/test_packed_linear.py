"""Weights packed for generation give the products of the plain ones; 8-bit weights give nearly those."""

import pytest
import torch

from anyvl.errors import ConfigError
from anyvl.model.packed_linear import packed, rounded


@pytest.mark.parametrize("rows", [(1,), (2, 1), (3, 7), (2, 65)])
@pytest.mark.parametrize("dtype, within", [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_products_are_those_of_the_plain_weights(rows, dtype, within):
    torch.manual_seed(0)
    first, second = torch.randn(40, 24, dtype=dtype), torch.randn(8, 24, dtype=dtype)
    x, other = torch.randn(*rows, 24, dtype=dtype), torch.randn(*rows, 48, dtype=dtype)
    product = packed(first, second)
    plain = (x.float() @ torch.cat((first, second)).float().T).to(dtype)
    close = dict(rtol=within, atol=10 * within)
    torch.testing.assert_close(product(x), plain, **close)
    torch.testing.assert_close(product.silu(x), torch.nn.functional.silu(plain), **close)
    torch.testing.assert_close(product.times(x, other), plain * other, **close)
    torch.testing.assert_close(product.plus(x, other), plain + other, **close)


def test_eight_bits_are_within_half_a_step_of_each_weight():
    weight = torch.randn(50, 48) * torch.logspace(-3, 3, 50)[:, None]
    weight[7] = 0
    numbers, scales = rounded(weight)
    assert numbers.abs().max() == 127
    assert ((numbers * scales[:, None] - weight).abs() <= scales[:, None] * 0.5001).all()
    x = torch.randn(2, 3, 48, dtype=torch.bfloat16)
    exact = x.float() @ weight.T
    found = packed(weight.bfloat16(), int8=True)(x).float()
    assert found.shape == (2, 3, 50)
    assert ((found - exact).abs() / exact.abs().amax((0, 1)).clamp(min=1e-9)).max() < 0.05


def test_eight_bits_go_with_bf16_and_even_rows_alone():
    with pytest.raises(ConfigError, match="multiple of 16"):
        packed(torch.randn(4, 24).bfloat16(), int8=True)
    with pytest.raises(ConfigError, match="bfloat16"):
        packed(torch.randn(4, 4), int8=True)
