"""Nearest-code lookup with a codebook kept by moving averages (VQ-VAE-2; l2-normalised low-dimensional codes of ViT-VQGAN)."""

from dataclasses import dataclass

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Quantised:
    """Vectors on the codebook, which codes they are, and what the encoder owes for being off it."""

    vectors: Float[Tensor, "batch dim rows columns"]
    codes: Int[Tensor, "batch rows columns"]
    commitment: Float[Tensor, ""]


class Quantizer(nn.Module):
    """A codebook of `num_codes` vectors of `dim` numbers.

    With `normalize`, vectors and codes lie on the unit sphere; without, they are compared as they are (the form of
    taming-transformers' checkpoints). In training the codebook follows its members by moving averages (unless `following` is
    off); `revive` re-seeds codes that have no members.
    """

    codebook: Tensor
    members: Tensor
    sums: Tensor

    def __init__(self, num_codes: int, dim: int, *, normalize: bool = True, decay: float = 0.98) -> None:
        super().__init__()
        self.num_codes, self.dim, self.normalize, self.decay = num_codes, dim, normalize, decay
        self.following = True
        start = torch.randn(num_codes, dim)
        start = nn.functional.normalize(start, dim=-1) if normalize else start / dim**0.5
        self.register_buffer("codebook", start)
        self.register_buffer("members", torch.ones(num_codes))
        self.register_buffer("sums", start.clone())

    def forward(self, latents: Float[Tensor, "batch dim rows columns"]) -> Quantised:
        """Quantise, with the straight-through gradient."""
        # Distances decide which code it is: they stay in fp32 under autocast.
        latents = latents.float()
        vectors = rearrange(latents, "b d r c -> (b r c) d")
        if self.normalize:
            vectors = nn.functional.normalize(vectors, dim=-1)
        with torch.no_grad():
            flat = self.nearest(vectors)
            if self.training and self.following:
                self._follow(vectors.detach(), flat)
        chosen = self.codebook[flat]
        commitment = (vectors - chosen).pow(2).sum(-1).mean()
        straight = vectors + (chosen - vectors).detach()
        batch, _, rows, columns = latents.shape
        return Quantised(
            vectors=rearrange(straight, "(b r c) d -> b d r c", b=batch, r=rows),
            codes=rearrange(flat, "(b r c) -> b r c", b=batch, r=rows, c=columns),
            commitment=commitment,
        )

    def nearest(self, vectors: Float[Tensor, "n dim"]) -> Int[Tensor, " n"]:
        """Number of the nearest code of each vector."""
        with torch.autocast(vectors.device.type, enabled=False):
            scores = torch.addmm(-0.5 * self.codebook.pow(2).sum(-1), vectors.float(), self.codebook.T)
        return scores.argmax(-1)

    def look_up(self, codes: Int[Tensor, "batch rows columns"]) -> Float[Tensor, "batch dim rows columns"]:
        """The vectors of codes."""
        return rearrange(self.codebook[codes], "b r c d -> b d r c")

    @torch.no_grad()
    def revive(self, vectors: Float[Tensor, "n dim"], generator: torch.Generator, least: float = 0.1) -> int:
        """Re-seed codes with fewer than `least` members from given encoder outputs; returns how many there were.

        Outputs are picked in proportion to their squared distance from the codebook (the seeding of k-means++, Arthur &
        Vassilvitskii 2007): what it holds already, such as plain ground, gets no further code.
        """
        dead = (self.members < least).nonzero().flatten()
        if len(dead):
            vectors = vectors.float()
            if self.normalize:
                vectors = nn.functional.normalize(vectors, dim=-1)
            error = (vectors - self.codebook[self.nearest(vectors)]).pow(2).sum(-1).cpu() + 1e-9
            picked = torch.multinomial(error, len(dead), replacement=True, generator=generator).to(vectors.device)
            self.codebook[dead] = vectors[picked]
            self.sums[dead] = vectors[picked]
            self.members[dead] = 1.0
        return len(dead)

    def _follow(self, vectors: Float[Tensor, "n dim"], flat: Int[Tensor, " n"]) -> None:
        counts = torch.bincount(flat, minlength=self.num_codes).to(vectors.dtype)
        sums = torch.zeros_like(self.sums).index_add_(0, flat, vectors)
        self.members.lerp_(counts, 1 - self.decay)
        self.sums.lerp_(sums, 1 - self.decay)
        fresh = self.sums / self.members.clamp_min(1e-6)[:, None]
        if self.normalize:
            fresh = nn.functional.normalize(fresh, dim=-1)
        self.codebook.copy_(torch.where((self.members > 1e-3)[:, None], fresh, self.codebook))
