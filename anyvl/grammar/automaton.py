"""Terms compiled to a deterministic automaton: small integer tables that numpy and torch can both walk.

Ids that behave alike in every state share a *symbol*, and states that allow the same symbols share a *kind*.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Int64

from anyvl.errors import ConfigError
from anyvl.grammar import rules
from anyvl.grammar.forks import END, Builder, Edge, Ids, flatten
from anyvl.grammar.terms import Term
from anyvl.vocabulary import Vocabulary

DEAD = 0  # the state after an id that was not allowed
NEVER = 1 << 30  # the `close` of a state that cannot end
# Rule 0 is "any": every other one narrows it.
RULE_NAMES, STORE_NAMES = tuple(rules.RULES), tuple(rules.STORES)


@dataclass(frozen=True, kw_only=True)
class Trace:
    """How far some ids went: the number taken, and the state and registers after them."""

    taken: int
    state: int
    registers: dict[str, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Automaton:
    """A compiled grammar; state 0 is dead, `close == 0` is the end, which has no way on.

    The id t in state s takes choice c = choices[kind[s], symbol[t]] (0: not allowed) to targets[first_choice[s] + c].

    close    fewest ids from a state to the end          rule     number in RULE_NAMES of what limits its coordinate
    cell     the picture's cell it stands at, or -1      store    number in STORE_NAMES of what the id into it writes
    forced   the only id allowed whatever came, or -1    picture  whether its next id lies inside a picture
    """

    vocabulary: Vocabulary
    start: int
    symbol: Int64[np.ndarray, "vocabulary"]
    kind: Int64[np.ndarray, "state"]
    choices: Int64[np.ndarray, "kind symbol"]
    first_choice: Int64[np.ndarray, "state"]
    targets: Int64[np.ndarray, "choice"]
    close: Int64[np.ndarray, "state"]
    rule: Int64[np.ndarray, "state"]
    store: Int64[np.ndarray, "state"]
    cell: Int64[np.ndarray, "state"]
    forced: Int64[np.ndarray, "state"]
    picture: Bool[np.ndarray, "state"]

    @property
    def shortest(self) -> int:
        """The number of ids of the shortest sentence."""
        return int(self.close[self.start])

    def trace(self, ids: Iterable[int]) -> Trace:
        """Follows `ids` from the start as far as they are allowed."""
        coordinates = self.vocabulary.coordinates
        state, registers, taken = self.start, dict.fromkeys(rules.REGISTERS, -1), 0
        for id in map(int, ids):
            if not 0 <= id < self.vocabulary.size:
                break
            choice = int(self.choices[self.kind[state], self.symbol[id]])
            if choice == 0:
                break
            bin = id - coordinates.start
            if id in coordinates:
                above, this, that = rules.RULES[RULE_NAMES[self.rule[state]]](registers)
                if bin <= above or bin in (this, that):
                    break
            state, taken = int(self.targets[self.first_choice[state] + choice]), taken + 1
            writes = rules.STORES[STORE_NAMES[self.store[state]]]
            registers |= {name: bin if source == "bin" else registers[source] for name, source in writes.items()}
        return Trace(taken=taken, state=state, registers=registers)

    def accepts(self, ids: Iterable[int]) -> bool:
        """Whether `ids` are a whole sentence."""
        ids = list(ids)
        trace = self.trace(ids)
        return trace.taken == len(ids) and int(self.close[trace.state]) == 0

    def allowed(self, state: int) -> Int64[np.ndarray, "id"]:
        """The ids a state allows, before rules, budget and copies."""
        return np.flatnonzero(self.choices[self.kind[state]][self.symbol])

    def explain(self, ids: Iterable[int]) -> str:
        """Where and why `ids` are no sentence, in words; "accepted" when they are."""
        ids = [int(id) for id in ids]
        trace = self.trace(ids)
        if trace.taken == len(ids):
            missing = int(self.close[trace.state])
            if missing == 0:
                return "accepted"
            return f"ends after {len(ids)} ids, at least {missing} too early: {self._expected(trace)}"
        came = ids[trace.taken]
        known = 0 <= came < self.vocabulary.size
        came_in_words = f"{came} ({self.vocabulary.describe(came)})" if known else f"{came} (outside the vocabulary)"
        before = " ".join(self.vocabulary.describe(id) for id in ids[max(0, trace.taken - 4) : trace.taken])
        return f"id {trace.taken} is {came_in_words} after [{before}]: {self._expected(trace)}"

    def _expected(self, trace: Trace) -> str:
        ids = self.allowed(trace.state)
        if not len(ids):
            return "the sentence had ended before"
        describe, modalities = self.vocabulary.describe, self.vocabulary.modalities()[ids]
        breaks = np.flatnonzero((np.diff(ids) != 1) | (np.diff(modalities) != 0)) + 1
        runs = [ids[start:stop] for start, stop in pairwise([0, *breaks.tolist(), len(ids)])]
        words = [
            describe(int(run[0])) if len(run) == 1 else f"{describe(int(run[0]))}..{describe(int(run[-1]))}"
            for run in runs[:8]
        ]
        rule = RULE_NAMES[self.rule[trace.state]]
        limits = "" if rule == "any" else f" under the rule {rule} with {trace.registers}"
        return "expected " + " or ".join(words) + (" or …" if len(runs) > 8 else "") + limits


def compile_grammar(term: Term, vocabulary: Vocabulary) -> Automaton:
    """The automaton of a term, cached; ConfigError where one id does not tell which way is meant.

    >>> from anyvl.grammar.terms import Repeat, Sequence, Token
    >>> vocabulary = Vocabulary(num_text=5, coordinate_bins=8, num_codes=0)
    >>> automaton = compile_grammar(Sequence(Repeat(Token(3)), Token(4)), vocabulary)
    >>> automaton.accepts([3, 3, 4]), automaton.shortest, automaton.explain([4, 3])
    (True, 1, 'id 1 is 3 (text 3) after [text 4]: the sentence had ended before')
    """
    return _compile(term, vocabulary)


@lru_cache(maxsize=256)
def _compile(term: Term, vocabulary: Vocabulary) -> Automaton:
    builder = Builder(vocabulary)
    start = builder.state(builder.build(term, [END]))
    edges = [flatten(fork) for fork in builder.forks]
    for row in edges:
        _check_attributes(row, vocabulary)

    classes = {ids: number for number, ids in enumerate({edge.ids: None for row, _ in edges for edge in row})}
    symbol = _symbols(classes, vocabulary.size)
    symbols_of = [np.unique(symbol[_index(ids)]) for ids in classes]
    kinds: dict[tuple[int, ...], int] = {}
    kind = np.array([kinds.setdefault(tuple(classes[edge.ids] for edge in row), len(kinds)) for row, _ in edges])
    choices = np.zeros((len(kinds), int(symbol.max()) + 1), dtype=np.int64)
    for members, number in kinds.items():
        for choice, member in enumerate(members, start=1):
            at = (number, symbols_of[member])
            if choices[at].any():
                clash = int(np.flatnonzero(choices[number][symbol] * np.isin(symbol, symbols_of[member]))[0])
                raise ConfigError(
                    f"after the same ids, {vocabulary.describe(clash)} could begin two different things: "
                    "let the branches of the grammar begin with different ids"
                )
            choices[at] = choice

    lengths = np.array([len(row) + 1 for row, _ in edges])  # choice 0 is the dead state
    first_choice = np.cumsum(lengths) - lengths
    targets = np.array([target for row, _ in edges for target in (DEAD, *(edge.target for edge in row))])
    automaton = Automaton(
        vocabulary=vocabulary,
        start=start,
        symbol=symbol,
        kind=kind,
        choices=choices,
        first_choice=first_choice,
        targets=targets,
        close=_close(edges),
        rule=np.array([max((RULE_NAMES.index(edge.rule) for edge in row), default=0) for row, _ in edges]),
        store=np.array([STORE_NAMES.index(store) for store in builder.stores]),
        cell=np.array([max((edge.cell for edge in row), default=-1) for row, _ in edges]),
        forced=np.array([row[0].ids[0] if len(row) == 1 and len(row[0].ids) == 1 else -1 for row, _ in edges]),
        picture=np.array([any(edge.picture for edge in row) for row, _ in edges]),
    )
    if automaton.shortest == NEVER:
        raise ConfigError("no sentence of the grammar can ever end: an Either needs at least one term")
    return automaton


def _check_attributes(fork: tuple[list[Edge], bool], vocabulary: Vocabulary) -> None:
    edges, ends = fork
    if ends and edges:
        raise ConfigError("the grammar does not say where its sentence ends: let its last term be an id such as eos")
    if len(edges) > 1:
        if any(edge.cell >= 0 for edge in edges):
            raise ConfigError("a Cell stands alone: nothing else may come in its place")
        coordinates = vocabulary.coordinates
        used = {edge.rule for edge in edges if any(id in coordinates for id in edge.ids)}
        if len(used) > 1:
            raise ConfigError(f"coordinates in the same place obey one rule, but these {sorted(used)} came together")


def _symbols(classes: Iterable[Ids], size: int) -> Int64[np.ndarray, "vocabulary"]:
    """The coarsest numbering of ids such that every class is a union of symbols; ids of no class share one too."""
    symbol = np.zeros(size, dtype=np.int64)
    singles = [ids[0] for ids in classes if len(ids) == 1]
    for ids in classes:
        if len(ids) > 1:
            member = np.zeros(size, dtype=np.int64)
            member[_index(ids)] = 1
            symbol = np.unique(2 * symbol + member, return_inverse=True)[1]
    symbol[singles] = size + np.arange(len(singles))
    return np.unique(symbol, return_inverse=True)[1].astype(np.int64)


def _index(ids: Ids) -> Int64[np.ndarray, "id"]:
    return np.fromiter(ids, dtype=np.int64, count=len(ids))


def _close(edges: list[tuple[list[Edge], bool]]) -> Int64[np.ndarray, "state"]:
    """Fewest ids from each state to the end: breadth first, backwards."""
    sources: list[list[int]] = [[] for _ in edges]
    for state, (row, _) in enumerate(edges):
        for edge in row:
            sources[edge.target].append(state)
    close = np.full(len(edges), NEVER, dtype=np.int64)
    ending = [state for state, (_, ends) in enumerate(edges) if ends]
    close[ending] = 0
    pending = deque(ending)
    while pending:
        state = pending.popleft()
        for source in sources[state]:
            if close[source] == NEVER:
                close[source] = close[state] + 1
                pending.append(source)
    return close
