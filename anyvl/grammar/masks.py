"""A batch of sentences on their way through their grammars: which ids may come next, on the device of the logits.

Nothing here waits for the device: masks, forced ids and the new states are a handful of gathers a step.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from anyvl.errors import BudgetError
from anyvl.grammar import rules
from anyvl.grammar.automaton import NEVER, RULE_NAMES, Automaton

# Columns of the table of states, gathered once a step.
_COLUMNS = 8
_KIND, _FIRST_CHOICE, _CLOSE, _RULE, _STORE, _CELL, _FORCED, _PICTURE = range(_COLUMNS)


class _Tables(NamedTuple):
    """The tables of some automata behind one another, states and choices renumbered, on a device."""

    starts: tuple[int, ...]  # of each automaton
    symbol: Tensor  # (automaton, vocabulary)
    states: Tensor  # (state, column)
    choices: Tensor  # (kind, symbol)
    targets: Tensor  # (choice,)
    close_after: Tensor  # (choice,): fewest ids to the end once the choice is taken; NEVER for the id not allowed
    sources: Tensor  # (store, register)
    rules: tuple[int, ...]  # those that occur, without 0 (any)


class GrammarState:
    """Where each sentence of a batch stands in its grammar, and what it may take next.

    `automata`, one a sentence, are over one vocabulary; `budgets` count every id still to come, the last included
    (BudgetError below the shortest sentence); `copies[i]`, where given, holds for every picture cell the image id that
    is forced there, or -1 where the cell is free. While ids come from `mask`, a sentence ends within its budget.
    """

    def __init__(
        self,
        automata: Sequence[Automaton],
        budgets: Sequence[int],
        copies: Sequence[np.ndarray | None] | None = None,
        device: torch.device | str = "cpu",
    ):
        copies = [None] * len(automata) if copies is None else copies
        assert len(automata) == len(budgets) == len(copies) > 0
        vocabulary = automata[0].vocabulary
        assert all(automaton.vocabulary == vocabulary for automaton in automata), "one batch has one vocabulary"
        for automaton, budget in zip(automata, budgets, strict=True):
            if budget < automaton.shortest:
                raise BudgetError(budget, automaton.shortest)

        distinct = tuple(dict.fromkeys(automata))
        self._tables = tables = _stack(distinct, torch.device(device))
        member = [distinct.index(automaton) for automaton in automata]
        self._symbol = tables.symbol[member]
        self._state = torch.tensor([tables.starts[number] for number in member], device=device)
        self._budget = torch.tensor(budgets, device=device)
        self._bins = torch.arange(vocabulary.coordinate_bins, device=device)
        self._coordinates = vocabulary.coordinates
        self._ids = torch.arange(vocabulary.size, device=device)
        self._registers = torch.full((len(automata), len(rules.REGISTERS)), -1, device=device)
        self._copies = _copy_table(copies, device)
        self._look()

    def _look(self) -> None:
        """Gathers what the new states say, once for all that is asked about them."""
        self._now = self._tables.states[self._state].unbind(1)
        self._copied = None
        if self._copies is not None:
            cell = (self._now[_CELL] + 1).clamp(max=self._copies.shape[1] - 1)
            self._copied = self._copies.gather(1, cell[:, None])

    @property
    def done(self) -> Bool[Tensor, "batch"]:
        """Whether a sentence has ended (or is lost, after an id that was not allowed)."""
        close = self._now[_CLOSE]
        return (close == 0) | (close == NEVER)

    @property
    def in_picture(self) -> Bool[Tensor, "batch"]:
        """Whether the next id lies inside a picture, where guidance acts."""
        return self._now[_PICTURE].bool()

    def mask(self) -> Bool[Tensor, "batch vocabulary"]:
        """The ids that may come next: allowed by the grammar, by rules and copies, and able to end in time.

        No id is allowed once a sentence has ended.
        """
        tables, now = self._tables, self._now
        choice = tables.choices[now[_KIND]] + now[_FIRST_CHOICE][:, None]
        mask = (tables.close_after[choice] < self._budget[:, None]).gather(1, self._symbol)
        if tables.rules:
            above, this, that = self._limits()
            bins = (self._bins > above) & (self._bins != this) & (self._bins != that)
            mask[:, self._coordinates.start : self._coordinates.stop] &= bins
        if self._copied is not None:
            mask &= (self._ids == self._copied) | (self._copied < 0)
        return mask

    def forced(self) -> Int[Tensor, "batch"]:
        """The single id that may come next where grammar or copies leave only one, else -1.

        What rules or the budget alone leave is not looked for.
        """
        if self._copied is None:
            return self._now[_FORCED]
        copied = self._copied[:, 0]
        return torch.where(copied >= 0, copied, self._now[_FORCED])

    def advance(self, ids: Int[Tensor, "batch"], active: Bool[Tensor, "batch"]) -> None:
        """Takes one id each where `active`; the ids of other rows are not looked at, and ended rows stay ended."""
        tables, now = self._tables, self._now
        ids = torch.where(active, ids, 0)
        symbol = self._symbol.gather(1, ids[:, None])[:, 0]
        target = tables.targets[now[_FIRST_CHOICE] + tables.choices[now[_KIND], symbol]]
        self._state = torch.where(active, target, self._state)
        self._budget = self._budget - active.long()
        self._look()
        if tables.rules:
            bin = ids[:, None] - self._coordinates.start
            written = torch.cat([self._registers, bin], dim=1).gather(1, tables.sources[self._now[_STORE]])
            self._registers = torch.where(active[:, None], written, self._registers)

    def _limits(self) -> tuple[Tensor, Tensor, Tensor]:
        """For every row, as columns: the bin to be above and the two bins forbidden; -1 for none."""
        registers = dict(zip(rules.REGISTERS, self._registers.unbind(1), strict=True))
        rule = self._now[_RULE]
        totals = [torch.zeros_like(rule) for _ in range(3)]
        for number in self._tables.rules:
            here = rule == number
            for place, limit in enumerate(rules.RULES[RULE_NAMES[number]](registers)):
                if isinstance(limit, Tensor):  # else NONE: adds nothing
                    totals[place] = totals[place] + here * (limit + 1)
        above, this, that = torch.stack(totals)[:, :, None] - 1
        return above, this, that


@lru_cache(maxsize=32)
def _stack(automata: tuple[Automaton, ...], device: torch.device) -> _Tables:
    symbols = max(automaton.choices.shape[1] for automaton in automata)
    starts, states, choices, targets, close_after = [], [], [], [], []
    first_state = first_kind = first_target = 0
    for automaton in automata:
        count = len(automaton.close)
        columns = np.empty((count, _COLUMNS), dtype=np.int64)
        columns[:, _KIND] = automaton.kind + first_kind
        columns[:, _FIRST_CHOICE] = automaton.first_choice + first_target
        columns[:, _CLOSE] = automaton.close
        columns[:, _RULE] = automaton.rule
        columns[:, _STORE] = automaton.store
        columns[:, _CELL] = automaton.cell
        columns[:, _FORCED] = automaton.forced
        columns[:, _PICTURE] = automaton.picture
        target, close = automaton.targets.copy(), automaton.close[automaton.targets]
        ended = np.flatnonzero(automaton.close == 0)
        target[automaton.first_choice[ended]] = ended  # whatever comes, the end stays the end
        assert (close[automaton.first_choice] == NEVER).all(), "choice 0 is the id not allowed"
        starts.append(automaton.start + first_state)
        states.append(columns)
        choices.append(np.pad(automaton.choices, ((0, 0), (0, symbols - automaton.choices.shape[1]))))
        targets.append(target + first_state)
        close_after.append(close)
        first_state, first_kind, first_target = (
            first_state + count,
            first_kind + len(automaton.choices),
            first_target + len(target),
        )

    used = {int(rule) for automaton in automata for rule in np.unique(automaton.rule)} - {0}

    def on_device(array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device)

    return _Tables(
        starts=tuple(starts),
        symbol=on_device(np.stack([automaton.symbol for automaton in automata])),
        states=on_device(np.concatenate(states)),
        choices=on_device(np.concatenate(choices)),
        targets=on_device(np.concatenate(targets)),
        close_after=on_device(np.concatenate(close_after)),
        sources=on_device(rules.store_sources()),
        rules=tuple(sorted(used)),
    )


def _copy_table(copies: Sequence[np.ndarray | None], device: torch.device | str) -> Tensor | None:
    """(batch, 1 + cell + 1): the forced id of cell i in column i + 1; the first and last columns force nothing."""
    if all(copy is None for copy in copies):
        return None
    cells = max(len(copy) for copy in copies if copy is not None)
    table = np.full((len(copies), cells + 2), -1, dtype=np.int64)
    for row, copy in zip(table, copies, strict=True):
        if copy is not None:
            row[1 : 1 + len(copy)] = copy
    return torch.from_numpy(table).to(device)
