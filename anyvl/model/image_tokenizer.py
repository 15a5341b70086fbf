"""A VQGAN as an image tokenizer: arrays of bytes to `Codes` and back, and its folder on disk."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int, UInt8
from PIL import Image
from torch import Tensor

from anyvl.errors import CheckpointError
from anyvl.model.checkpoint import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    load_json,
    load_strictly,
    load_tensors,
    save_json,
    save_tensors,
)
from anyvl.model.vqgan import VQGAN, VQGANConfig
from anyvl.values import Codes

_OF_TRAINING = ("quantize.members", "quantize.sums")


class VQGANTokenizer:
    """Pictures to grids of codes and back, by one VQGAN, on its device."""

    def __init__(self, model: VQGAN) -> None:
        self.model = model.eval()
        self._device = model.quant_conv.weight.device

    def encode(self, picture: UInt8[np.ndarray, "height width 3"], rows: int, columns: int) -> Codes:
        """Codes of a picture, resized (not cropped, not padded) to rows × columns codes."""
        factor = self.model.config.factor
        height, width = rows * factor, columns * factor
        if picture.shape[:2] != (height, width):
            resized = Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS)
            picture = np.array(resized)
        codes = self.encode_batch(torch.from_numpy(np.ascontiguousarray(picture))[None])[0]
        return Codes(rows=rows, columns=columns, ids=tuple(codes.flatten().tolist()))

    def decode(self, codes: Codes) -> UInt8[np.ndarray, "height width 3"]:
        """The picture of codes, `factor` px a code."""
        grid = torch.from_numpy(codes.array())[None].to(self._device)
        return self.model.decode(grid)[0].cpu().numpy()

    def encode_batch(self, pictures: UInt8[Tensor, "batch height width 3"]) -> Int[Tensor, "batch rows columns"]:
        """Codes of pictures that have the size of the grid already."""
        return self.model.encode(pictures.to(self._device))

    def decode_batch(self, codes: Int[Tensor, "batch rows columns"]) -> UInt8[Tensor, "batch height width 3"]:
        """The pictures of codes, `factor` px a code."""
        return self.model.decode(codes.to(self._device))


SAME = 0.02
"""Weights that differ by less are the same, rounded to bf16 or not."""


def share_codebook(one: VQGANTokenizer, other: VQGANTokenizer) -> bool:
    """Whether the codes of two image tokenizers stand for the same vectors, rounded to bf16 or not."""
    mine, theirs = (tokenizer.model.quantize.codebook.cpu() for tokenizer in (one, other))
    return mine.shape == theirs.shape and torch.allclose(mine, theirs, atol=SAME)


def save_image_tokenizer(model: VQGAN, folder: str | Path, dtype: torch.dtype = torch.float32) -> None:
    """Write `config.json` and `model.safetensors`; the moving averages of training are left out."""
    tensors = {
        name: value.to(dtype) if value.is_floating_point() else value
        for name, value in model.state_dict().items()
        if name not in _OF_TRAINING
    }
    if torch.equal(model.quantize.read_as.cpu(), torch.arange(model.quantize.num_codes)):
        del tensors["quantize.read_as"]
    save_tensors(tensors, Path(folder) / WEIGHTS_FILE)
    save_json({"model_type": "anyvl_vqgan", **dataclasses.asdict(model.config)}, Path(folder) / CONFIG_FILE)


def load_image_tokenizer(
    folder: str | Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> VQGANTokenizer:
    """Read such a folder, to paint in `dtype`; CheckpointError when it is missing, incomplete or does not fit its config.json."""
    folder = Path(folder)
    if not folder.is_dir():
        raise CheckpointError(f"there is no image tokenizer folder {folder}")
    fields = load_json(folder / CONFIG_FILE)
    known = {field.name for field in dataclasses.fields(VQGANConfig)}
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items() if key in known
    }
    model = VQGAN(VQGANConfig(**values))
    tensors = load_tensors(folder / WEIGHTS_FILE)
    # A training that goes on from here: each code as if it had one member, which is where it stands.
    if "quantize.codebook" in tensors:
        codebook = tensors["quantize.codebook"].float()
        tensors |= dict(zip(_OF_TRAINING, (torch.ones(len(codebook)), codebook.clone()), strict=True))
        tensors.setdefault("quantize.read_as", torch.arange(len(codebook)))  # as they are, where none are united
    load_strictly(model, tensors, folder)
    return VQGANTokenizer(model.prepare(device, dtype))
