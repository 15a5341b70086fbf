"""How the next id is drawn from the logits that the grammar leaves."""

import math
from dataclasses import dataclass

from anyvl.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Drawing rules, in the order in which they act: guidance (in pictures), temperature, top-k, top-p.

    `temperature` 0 takes the likeliest id. `top_k` keeps that many of the likeliest ids, `top_p` the likeliest ids
    whose probabilities reach that sum (Holtzman et al. 2020, arXiv:1904.09751); None keeps all. `guidance_scale` s
    draws from unconditional + s * (conditional - unconditional) logits (Ho & Salimans 2022, arXiv:2207.12598); 1 is
    unguided.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    guidance_scale: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise InputError(f"temperature is a finite number of at least 0 (0 is greedy), but {self.temperature} came")
        if self.top_k is not None and (self.top_k < 1 or self.top_k != int(self.top_k)):
            raise InputError(f"top_k is a whole number of at least 1, or None to keep all, but {self.top_k} came")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise InputError(f"top_p is above 0 and at most 1, or None to keep all, but {self.top_p} came")
        if not (math.isfinite(self.guidance_scale) and self.guidance_scale >= 0):
            raise InputError(
                f"guidance_scale is a finite number of at least 0 (1 is unguided), but {self.guidance_scale} came"
            )

    @property
    def greedy(self) -> bool:
        """Whether the likeliest id is taken, without noise."""
        return self.temperature == 0

    @property
    def guided(self) -> bool:
        """Whether a second, unconditional branch is needed."""
        return self.guidance_scale != 1
