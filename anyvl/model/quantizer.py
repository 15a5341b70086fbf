"""Nearest-code lookup with a codebook kept by moving averages (VQ-VAE-2; l2-normalised low-dimensional codes of ViT-VQGAN)."""

from dataclasses import dataclass
from typing import Any

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
    off); `revive` re-seeds codes that have no members. `unite` makes codes that stand for nearly the same one code to read.
    """

    codebook: Tensor
    members: Tensor
    sums: Tensor
    read_as: Tensor

    def __init__(self, num_codes: int, dim: int, *, normalize: bool = True, decay: float = 0.98) -> None:
        super().__init__()
        self.num_codes, self.dim, self.normalize, self.decay = num_codes, dim, normalize, decay
        self.following = True
        start = torch.randn(num_codes, dim)
        start = nn.functional.normalize(start, dim=-1) if normalize else start / dim**0.5
        self.register_buffer("codebook", start)
        self.register_buffer("members", torch.ones(num_codes))
        self.register_buffer("sums", start.clone())
        self.register_buffer("read_as", torch.arange(num_codes))

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *rest: Any) -> None:
        state_dict.setdefault(
            prefix + "read_as", self.read_as.clone()
        )  # of a state that was saved before there was any
        super()._load_from_state_dict(state_dict, prefix, *rest)

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
        """Number of the code that each vector is read as: the nearest one, or the one that it is united with."""
        with torch.autocast(vectors.device.type, enabled=False):
            scores = torch.addmm(-0.5 * self.codebook.pow(2).sum(-1), vectors.float(), self.codebook.T)
        return self.read_as[scores.argmax(-1)]

    def look_up(self, codes: Int[Tensor, "batch rows columns"]) -> Float[Tensor, "batch dim rows columns"]:
        """The vectors of codes."""
        return rearrange(self.codebook[codes], "b r c d -> b d r c")

    @torch.no_grad()
    def unite(self, counts: Float[Tensor, " num_codes"], near: float = 0.998) -> int:
        """From now on read codes that stand for nearly the same as the commonest of them; how many are read no more.

        near: they do where their cosine is at least this; of codes that lie on no sphere, as near for their length.

        A codebook holds the plainest ground several times over, as hardly anything sets its codes apart. Which of them a cell
        got would else change with a rounding of its pixels, and no picture that is painted would be read as it was painted.
        counts: how common each code is. Codes that are read no more can still be painted.
        """
        book = self.codebook.float()
        read_as = torch.full_like(self.read_as, -1)
        for code in counts.argsort(descending=True, stable=True).tolist():
            if read_as[code] < 0:
                off = (book - book[code]).pow(2).sum(-1)
                alike = (off <= 2 * (1 - near) * book[code].pow(2).sum()) & (read_as < 0)
                read_as[alike] = code
                read_as[code] = code
        self.read_as.copy_(read_as)
        return int((self.read_as != torch.arange(self.num_codes, device=read_as.device)).sum())

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
            self.read_as[dead] = dead
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
