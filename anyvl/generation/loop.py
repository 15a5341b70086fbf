"""The loop of answers that find their own shape: mask, guide, draw, force, extend, until every sentence has ended."""

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any

import torch
from torch import Tensor

from anyvl.errors import InputError
from anyvl.generation.branches import Branches
from anyvl.generation.draw import draw
from anyvl.generation.forced_runs import gather_chunk, take_forced
from anyvl.generation.noise import as_int64, moments
from anyvl.generation.paint import WINDOWS, paint
from anyvl.generation.request import Request, Result
from anyvl.generation.stepper import Stepper
from anyvl.grammar.canvas import canvas_of
from anyvl.grammar.masks import GrammarState

OnStep = Callable[[int, int], bool | None]


def generate(
    stepper: Stepper, requests: Sequence[Request], on_step: OnStep | None = None, window: int | None = None
) -> list[Result]:
    """Write all sentences as one batch; each depends on its own request alone (near ties excepted).

    on_step(step, how many sentences are done) is called after every step and may return False to stop. window: how many places
    of a picture one forward decides, 1 for one at a time; without it, as many as pay. It changes the time and nothing else.
    Raises BudgetError below a grammar's shortest sentence and InputError where a prefix leaves too little room.
    """
    if window is not None and (type(window) is not int or not 1 <= window <= WINDOWS[-1]):
        raise InputError(f"a window is 1 to {WINDOWS[-1]} places wide, or None for as many as pay, but {window!r} came")
    canvases = [canvas_of(request.grammar, request.copy) for request in requests]
    drawn = [i for i, canvas in enumerate(canvases) if canvas is not None]
    told = [i for i, canvas in enumerate(canvases) if canvas is None]
    # Both before either loop: what cannot be asked is refused at once.
    rows_told, rows_drawn = (Branches(stepper, [requests[i] for i in numbers]) for numbers in (told, drawn))
    watch = _Watch(on_step)
    results = dict(zip(told, _write(stepper, rows_told, watch) if told else [], strict=True))
    if watch.stopped:
        nothing = Result(ids=[], log_probabilities=[], forwards=0, aborted=True)
        results |= dict.fromkeys(drawn, nothing)
    elif drawn:
        filled = [canvas for canvas in canvases if canvas is not None]
        results |= zip(drawn, paint(stepper, rows_drawn, filled, watch, window), strict=True)
    return [results[i] for i in range(len(requests))]


class _Watch:
    """A callback over two loops, one after the other: steps and sentences done are counted through, and a stop is remembered."""

    def __init__(self, on_step: OnStep | None) -> None:
        self._on_step, self._now, self._before = on_step, (0, 0), (0, 0)
        self.stopped = False

    def __call__(self, step: int, done: int) -> bool:
        """Whether to go on."""
        if step == 1:
            self._before = self._now
        self._now = (self._before[0] + step, self._before[1] + done)
        if self._on_step is not None and self._on_step(*self._now) is False:
            self.stopped = True
        return not self.stopped


def _write(stepper: Stepper, rows: Branches, go_on: Callable[[int, int], bool]) -> list[Result]:
    requests = rows.requests
    device, count = stepper.device, len(requests)
    seeds = torch.tensor([as_int64(r.seed) for r in requests], device=device)
    positions = torch.tensor([r.first_position for r in requests], device=device)
    rules = [r.sampling for r in requests]
    state = GrammarState(
        [r.grammar for r in requests], [r.budget for r in requests], [r.copy for r in requests], device
    )

    # What the grammar forces at the very start goes in with the prefix.
    written, taken = take_forced(state, torch.ones(count, dtype=torch.bool, device=device))
    probabilities = [torch.zeros(count, device=device)] * len(written)
    opening = _by_row(written, taken, count)
    positions = positions + torch.tensor([len(ids) for ids in opening], device=device)
    cache, logits = rows.prefill(opening)
    step, forwards = 0, rows.prefills
    finished = bool(state.done.all())
    while not finished:
        active = ~state.done
        own, guided = rows.guide(logits[:, 0])
        guided = torch.where(state.in_picture[:, None], guided, own)
        chosen = draw(guided, state.mask() | ~active[:, None], rules, moments(seeds, positions))
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
        if not go_on(step, int(state.done.sum())):
            break
        if not finished:
            logits = stepper.extend(chunk[rows.owners], new[rows.owners], cache)
            forwards += 1
    by_row = zip(_by_row(written, taken, count), _by_row(probabilities, taken, count), state.done.tolist(), strict=True)
    return [Result(ids=ids, log_probabilities=logs, forwards=forwards, aborted=not done) for ids, logs, done in by_row]


def _by_row(values: list[Tensor], taken: list[Tensor], count: int) -> list[list[Any]]:
    """What each of `count` rows took, in order, of values that came step by step."""
    if not values:
        return [[] for _ in range(count)]
    table, took = torch.stack(values, 1).tolist(), torch.stack(taken, 1).tolist()
    return [list(compress(row, mine)) for row, mine in zip(table, took, strict=True)]
