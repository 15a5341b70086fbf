"""Batches for tests, in a module that processes of their own can import."""

import torch
from torch import Tensor


def small_batch(step: int, rank: int) -> dict[str, Tensor]:
    if step == 13:
        raise ValueError("an unlucky batch")
    return {"step": torch.tensor([step, rank])}
