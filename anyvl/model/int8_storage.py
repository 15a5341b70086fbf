"""A decoder's matrices in 8 bits on disk: half of bf16, in the layout of the compressed-tensors package.

transformers reads the folder with that package installed. There as here the matrices are multiplied out when they are read;
`IncrementalDecoder(int8=True)` keeps the very same 8 bits.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from anyvl.errors import CheckpointError
from anyvl.model.packed_linear import rounded

_SCALE = "_scale"
QUANTIZATION_CONFIG: dict[str, Any] = {
    "quant_method": "compressed-tensors",
    "format": "naive-quantized",
    "quantization_status": "compressed",
    "dequantize": True,
    "config_groups": {
        "group_0": {
            "targets": ["Linear"],
            "weights": {"num_bits": 8, "type": "int", "symmetric": True, "strategy": "channel"},
        }
    },
    "ignore": ["lm_head"],
}
"""What a config.json says of such weights."""


def to_int8(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A decoder's tensors with every matrix of its layers as rows of whole numbers, `NAME`, and the scale of each row,
    `NAME_scale` (row, 1) in bf16; embeddings, head and norms in bf16."""
    small: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if ".layers." in name and tensor.ndim == 2:
            numbers, scales = rounded(tensor)
            small |= {name: numbers, name + _SCALE: scales[:, None].to(torch.bfloat16)}
        else:
            small[name] = tensor.to(torch.bfloat16)
    return small


def from_int8(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that `to_int8` made small, in fp32; others come back as they are."""
    plain = {name: tensor for name, tensor in tensors.items() if not name.endswith(_SCALE)}
    for name, scales in tensors.items():
        if name.endswith(_SCALE):
            numbers = name.removesuffix(_SCALE)
            if numbers not in plain or plain[numbers].dtype != torch.int8 or scales.shape != (len(plain[numbers]), 1):
                raise CheckpointError(
                    f"{name} is a scale for each row of {numbers}, which is missing or no int8 matrix"
                )
            plain[numbers] = plain[numbers].float() * scales.float()
    return plain
