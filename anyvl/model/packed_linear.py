"""Products with fixed weights, laid out as the machine multiplies them fastest: what a step of generation consists of.

With one to a few dozen rows such a product costs as much as reading its weights. oneDNN reads weights that it has blocked
beforehand at the speed of memory; plain rows at half of that or less.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int8
from torch import Tensor

from anyvl.errors import ConfigError


class PackedLinear:
    """`x @ weight.T` for a weight that no longer changes, (out, size); this plain form runs everywhere."""

    def __init__(self, weight: Float[Tensor, "out size"]) -> None:
        self.weight = weight

    def __call__(self, x: Float[Tensor, "*batch size"]) -> Float[Tensor, "*batch out"]:
        return F.linear(x, self.weight)

    def silu(self, x: Float[Tensor, "*batch size"]) -> Float[Tensor, "*batch out"]:
        """`silu(x @ weight.T)`."""
        return F.silu(self(x))

    def times(self, x: Float[Tensor, "*batch size"], other: Float[Tensor, "*batch out"]) -> Float[Tensor, "*batch out"]:
        """`x @ weight.T * other`."""
        return self(x) * other

    def plus(self, x: Float[Tensor, "*batch size"], other: Float[Tensor, "*batch out"]) -> Float[Tensor, "*batch out"]:
        """`x @ weight.T + other`."""
        return self(x) + other


class _Blocked(PackedLinear):
    """oneDNN's layout on a CPU, with what follows the product done while its result is at hand."""

    def __init__(self, weight: Float[Tensor, "out size"]) -> None:
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), None)

    def __call__(self, x: Float[Tensor, "*batch size"]) -> Float[Tensor, "*batch out"]:
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, None, "none", [], "")

    def silu(self, x: Float[Tensor, "*batch size"]) -> Float[Tensor, "*batch out"]:
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, None, "swish", [], "")

    def times(self, x: Float[Tensor, "*batch size"], other: Float[Tensor, "*batch out"]) -> Float[Tensor, "*batch out"]:
        return torch.ops.mkldnn._linear_pointwise.binary(x, other, self.weight, None, "mul")

    def plus(self, x: Float[Tensor, "*batch size"], other: Float[Tensor, "*batch out"]) -> Float[Tensor, "*batch out"]:
        return torch.ops.mkldnn._linear_pointwise.binary(x, other, self.weight, None, "add")


class _Int8(PackedLinear):
    """Weights rounded to 8 bits, with a scale for every row of theirs (LLM.int8(), Dettmers et al. 2022, arXiv:2208.07339,
    without its outliers); activations stay bf16."""

    def __init__(self, weight: Float[Tensor, "out size"]) -> None:
        self.weight, scales = rounded(weight)
        self.scales = scales.to(torch.bfloat16)

    def __call__(self, x: Float[Tensor, "*batch size"]) -> Float[Tensor, "*batch out"]:
        rows = x.reshape(-1, x.shape[-1])
        return torch._weight_int8pack_mm(rows, self.weight, self.scales).view(*x.shape[:-1], -1)


def packed(*weights: Float[Tensor, "_ size"], int8: bool = False) -> PackedLinear:
    """One product for all weights that read the same input, their outputs behind one another.

    int8: keep them in 8 bits; on a CPU with bf16 activations only (ConfigError elsewhere).
    """
    weight = torch.cat([one.detach() for one in weights]) if len(weights) > 1 else weights[0].detach()
    if int8:
        if not weight.is_cpu or weight.dtype != torch.bfloat16:
            raise ConfigError(
                f"8-bit weights go with bfloat16 on a CPU, but this model is {weight.dtype} on {weight.device}"
            )
        if weight.shape[1] % 16:  # torch's kernel reads past the end of other rows
            raise ConfigError(f"8-bit weights have rows of a multiple of 16 numbers, but {weight.shape[1]} came")
        return _Int8(weight)
    return _Blocked(weight) if _can_block(weight) else PackedLinear(weight)


def rounded(weight: Float[Tensor, "out size"]) -> tuple[Int8[Tensor, "out size"], Float[Tensor, " out"]]:
    """Rows as whole numbers from -127 to 127 and the scale of each: `numbers * scales[:, None]` is the weight again.

    Scales are fp32 numbers that bf16 can hold, so that no error of theirs is left in every weight of a row.

    >>> numbers, scales = rounded(torch.tensor([[0.5, -1.0], [0.0, 0.0]]))
    >>> numbers.tolist(), round(scales[0].item(), 4)
    ([[64, -127], [0, 0]], 0.0079)
    """
    scales = (weight.float().abs().amax(1).clamp(min=1e-12) / 127).to(torch.bfloat16).float()
    return (weight.float() / scales[:, None]).round().clamp(-127, 127).to(torch.int8), scales


def _can_block(weight: Tensor) -> bool:
    there = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    if not weight.is_cpu or not there or not torch.backends.mkldnn.enabled:
        return False
    native = weight.dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return weight.dtype == torch.float32 or native
