"""The one loop: prefill, mask, guide, draw, force, extend, until every sentence has ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from anyvl.errors import InputError
from anyvl.generation.draw import draw
from anyvl.generation.forced_runs import gather_chunk, take_forced
from anyvl.generation.stepper import Stepper
from anyvl.grammar.automaton import Automaton
from anyvl.grammar.masks import GrammarState
from anyvl.sampling import Sampling


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """One sentence to be written.

    prefix: ids before it. unconditional: the prefix of the other branch of guidance, or None. budget: most ids it may
    take, end included. copy: image ids forced at picture cells, -1 where free. first_position: output position of its
    first id, which the noise of a draw depends on: above 0 where the sentence continues an answer begun earlier.
    """

    prefix: tuple[int, ...]
    grammar: Automaton
    budget: int
    seed: int = 0
    sampling: Sampling = field(default_factory=Sampling)
    unconditional: tuple[int, ...] | None = None
    copy: np.ndarray | None = None
    first_position: int = 0


@dataclass(frozen=True, kw_only=True)
class Result:
    """A sentence: ids, end included, and the log probability (nats, unguided, over the whole vocabulary) of each.

    Forced ids have log probability 0. forwards: how often the network was asked, for the whole batch. aborted: a
    callback stopped the loop before the end of this sentence; then the ids are cut short.
    """

    ids: list[int]
    log_probabilities: list[float]
    forwards: int
    aborted: bool = False


def generate(
    stepper: Stepper, requests: Sequence[Request], on_step: Callable[[int, int], bool | None] | None = None
) -> list[Result]:
    """Write all sentences as one batch; each depends on its own request alone (near ties in fp32 excepted).

    on_step(step, how many rows are done) is called after every step and may return False to stop.
    Raises BudgetError below a grammar's shortest sentence and InputError where a prefix leaves too little room.
    """
    if not requests:
        return []
    guided = [i for i, r in enumerate(requests) if r.unconditional is not None and r.sampling.guided]
    prefixes = [r.prefix for r in requests] + [requests[i].unconditional or () for i in guided]
    budgets = [r.budget for r in requests] + [requests[i].budget for i in guided]
    _check_room(stepper, prefixes, budgets)
    device = stepper.device
    count = len(requests)
    branch = torch.tensor([*range(count), *guided], device=device)  # which request a row of the network belongs to
    second = branch[count:]
    scale = torch.tensor([requests[i].sampling.guidance_scale for i in guided], device=device)
    seeds = torch.tensor([_signed(r.seed) for r in requests], device=device)
    positions = torch.tensor([r.first_position for r in requests], device=device)
    rules = [r.sampling for r in requests]
    grammars, copies = [r.grammar for r in requests], [r.copy for r in requests]
    state = GrammarState(grammars, [r.budget for r in requests], copies, device)

    # What the grammar forces at the very start goes in with the prefix.
    written, taken = take_forced(state, torch.ones(count, dtype=torch.bool, device=device))
    probabilities = [torch.zeros(count, device=device)] * len(written)
    opening = _by_row(written, taken, count)
    positions = positions + torch.tensor([len(ids) for ids in opening], device=device)
    starts = [(*prefix, *opening[row]) for prefix, row in zip(prefixes, branch.tolist(), strict=True)]
    cache = stepper.new_cache(len(prefixes), max(len(p) + b for p, b in zip(prefixes, budgets, strict=True)))
    logits = stepper.extend(*_padded(starts, device), cache)
    step, forwards = 0, 1
    finished = bool(state.done.all())
    while not finished:
        active = ~state.done
        own = logits[:count].float()
        guided_logits = _guide(own, logits[count:], second, scale, state)
        chosen = draw(guided_logits, state.mask() | ~active[:, None], rules, seeds, positions)
        likely = own.log_softmax(-1).gather(1, chosen[:, None])[:, 0]
        state.advance(chosen, active)
        run, runs_on = take_forced(state, active)
        chunk, new = gather_chunk([chosen, *run], [active, *runs_on])
        written += [chosen, *run]
        taken += [active, *runs_on]
        probabilities += [likely, *[torch.zeros_like(likely)] * len(run)]
        positions = positions + new
        step += 1
        finished = bool(state.done.all())
        if on_step is not None and on_step(step, int(state.done.sum())) is False:
            break
        if not finished:
            logits = stepper.extend(chunk[branch], new[branch], cache)
            forwards += 1
    rows = zip(_by_row(written, taken, count), _by_row(probabilities, taken, count), state.done.tolist(), strict=True)
    return [Result(ids=ids, log_probabilities=logs, forwards=forwards, aborted=not done) for ids, logs, done in rows]


def _padded(
    rows: list[tuple[int, ...]], device: torch.device
) -> tuple[Int[Tensor, "batch width"], Int[Tensor, " batch"]]:
    """Rows as one left-aligned tensor, and how long each is."""
    widths = [len(row) for row in rows]
    ids = torch.zeros(len(rows), max(widths), dtype=torch.int64)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
    return ids.to(device), torch.tensor(widths, device=device)


def _guide(
    own: Float[Tensor, "batch vocab"],
    other: Float[Tensor, "guided vocab"],
    second: Int[Tensor, " guided"],
    scale: Float[Tensor, " guided"],
    state: GrammarState,
) -> Float[Tensor, "batch vocab"]:
    """Classifier-free guidance (Ho & Salimans 2022) where a row is inside a picture; the row's own logits elsewhere.

    `other` are the logits of the unconditional branches, `second` the rows they belong to.
    """
    if not len(second):
        return own
    first, other = own[second], other.float()
    mixed = other + scale[:, None] * (first - other)
    return own.index_copy(0, second, torch.where(state.in_picture[second][:, None], mixed, first))


def _check_room(stepper: Stepper, prefixes: list[tuple[int, ...]], budgets: list[int]) -> None:
    for prefix, budget in zip(prefixes, budgets, strict=True):
        if len(prefix) + budget > stepper.longest:
            raise InputError(
                f"a prompt of {len(prefix)} ids and an answer of up to {budget} do not fit the model's "
                f"{stepper.longest}: shorten the prompt"
            )
        assert prefix, "a prefix has at least <bos>"


def _signed(seed: int) -> int:
    """A seed modulo 2^64 as the int64 of the same bits."""
    seed %= 2**64
    return seed - 2**64 if seed >= 2**63 else seed


def _by_row(values: list[Tensor], taken: list[Tensor], count: int) -> list[list[Any]]:
    """What each of `count` rows took, in order, of values that came step by step."""
    if not values:
        return [[] for _ in range(count)]
    table, took = torch.stack(values, 1).tolist(), torch.stack(taken, 1).tolist()
    return [list(compress(row, mine)) for row, mine in zip(table, took, strict=True)]
