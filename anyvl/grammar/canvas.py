"""Sentences whose shape is settled before the first id: a picture on its grid, with or without cells that are copied.

Such a grammar is a line: whatever is drawn, the state after it is the same. So which places are free, and what stands at all
others, is known beforehand; nothing is masked or forced on the way, and places ahead can be guessed and checked together.
"""

import dataclasses
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Int64

from anyvl.grammar.automaton import Automaton


@dataclass(frozen=True, kw_only=True, eq=False)
class Canvas:
    """A sentence with free places: fixed[p] is the id at place p, or -1 where any id of first..stop-1 may come.

    Of the picture `<image> [1] [2] [500] c c </image> <eos>` only the two places of c are free. cells[p] is the picture's cell
    that place p stands for, or -1.
    """

    fixed: Int64[np.ndarray, " place"]
    cells: Int64[np.ndarray, " place"]
    first: int
    stop: int

    def __len__(self) -> int:
        return len(self.fixed)


def canvas_of(automaton: Automaton, copy: Int64[np.ndarray, " cell"] | None = None) -> Canvas | None:
    """The canvas of a grammar, ids of `copy` (-1: none) fixed in its cells; None where its sentences are of several shapes."""
    canvas = _line(automaton)
    if canvas is None or copy is None:
        return canvas
    copied = np.where(canvas.cells >= 0, np.append(copy, -1)[np.minimum(canvas.cells, len(copy))], -1)
    return dataclasses.replace(canvas, fixed=np.where(copied >= 0, copied, canvas.fixed))


@lru_cache(maxsize=64)
def _line(automaton: Automaton) -> Canvas | None:
    """The canvas without copies."""
    state = automaton.start
    fixed: list[int] = []
    cells: list[int] = []
    spans: set[tuple[int, int]] = set()
    while automaton.close[state]:
        choices = automaton.choices[automaton.kind[state]]
        ways = np.unique(automaton.targets[automaton.first_choice[state] + choices[choices > 0]])
        if len(ways) != 1 or len(fixed) >= automaton.shortest or automaton.rule[state] != 0:
            return None
        ids = automaton.allowed(state)
        if len(ids) > 1:
            in_cell = automaton.picture[state] and automaton.cell[state] >= 0
            if not in_cell or ids[-1] - ids[0] != len(ids) - 1:
                return None
            spans.add((int(ids[0]), int(ids[-1]) + 1))
        fixed.append(int(ids[0]) if len(ids) == 1 else -1)
        cells.append(int(automaton.cell[state]))
        state = int(ways[0])
    if len(spans) != 1:
        return None
    ((first, stop),) = spans
    return Canvas(fixed=np.array(fixed), cells=np.array(cells), first=first, stop=stop)
