"""Forced runs: where the grammar leaves one choice, the ids are taken without asking the network for each."""

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from anyvl.grammar.masks import GrammarState


def take_forced(
    state: GrammarState, active: Bool[Tensor, " batch"]
) -> tuple[list[Int[Tensor, " batch"]], list[Bool[Tensor, " batch"]]]:
    """Advance every active row as far as its grammar forces it; the ids step by step, and which rows took each."""
    ids: list[Tensor] = []
    taken: list[Tensor] = []
    while True:
        forced = state.forced()
        takes = active & (forced >= 0) & ~state.done
        if not bool(takes.any()):
            return ids, taken
        state.advance(forced.clamp(min=0), takes)
        ids.append(forced)
        taken.append(takes)


def chunk_width(longest: int) -> int:
    """Columns for a run: 1, 2, 4, 8 or a multiple of 16, so that shapes come from a small fixed set."""
    return 1 << (longest - 1).bit_length() if longest <= 8 else -(-longest // 16) * 16


def gather_chunk(
    ids: list[Int[Tensor, " batch"]], taken: list[Bool[Tensor, " batch"]]
) -> tuple[Int[Tensor, "batch width"], Int[Tensor, " batch"]]:
    """Ids taken step by step as a left-aligned chunk, and how many each row took.

    Every row takes its ids in the first steps and none later, so columns are already in place.
    """
    width = chunk_width(len(ids))
    chunk = torch.zeros(len(ids[0]), width, dtype=torch.int64, device=ids[0].device)
    chunk[:, : len(ids)] = torch.where(torch.stack(taken, 1), torch.stack(ids, 1), 0)
    return chunk, torch.stack(taken, 1).sum(1)
