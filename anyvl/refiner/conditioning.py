"""What the refiner's network is told of a picture: the picture enlarged, and what its codes stand for, patch by patch."""

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

_Picture = Float[Tensor, "batch 3 height width"]
_Planes = Float[Tensor, "batch channel row column"]


def enlarged(picture: _Picture, scale: float) -> Float[Tensor, "batch 3 height2 width2"]:
    """A picture `scale` times as large (bicubic): what refining starts from, and what it is held against."""
    size = [round(side * scale) for side in picture.shape[-2:]]
    return torch.nn.functional.interpolate(picture, size=size, mode="bicubic", align_corners=False, antialias=False)


def to_patches(picture: _Picture, patch: int) -> Float[Tensor, "batch channel row column"]:
    """Patches of patch × patch px as channels: 3 · patch² numbers in the place of each."""
    return rearrange(picture, "b c (row y) (column x) -> b (c y x) row column", y=patch, x=patch)


def from_patches(planes: _Planes, patch: int) -> Float[Tensor, "batch 3 height width"]:
    """The inverse of `to_patches`."""
    return rearrange(planes, "b (c y x) row column -> b c (row y) (column x)", y=patch, x=patch)


def conditions(
    large: _Picture, code_vectors: Float[Tensor, "batch dim rows columns"] | None, patch: int, code_dim: int
) -> _Planes:
    """The planes that stand beside the noisy ones: the enlarged picture's patches and the vector of the code they lie in.

    code_vectors: the codebook's entries of the picture's codes; None, where nobody knows them, is zeros.
    """
    pixels = to_patches(large, patch)
    rows, columns = pixels.shape[-2:]
    if code_vectors is None:
        vectors = pixels.new_zeros(len(pixels), code_dim, rows, columns)
    else:
        vectors = torch.nn.functional.interpolate(code_vectors.to(pixels.dtype), size=(rows, columns), mode="nearest")
    return torch.cat((pixels, vectors), dim=1)
