"""The first half of compiling a grammar: terms become states, and each state a fork of the ids that may come next.

Every term becomes the set of first ids it can take, each leading to a state (Glushkov 1961; McNaughton & Yamada 1960).
It is built from the last term to the first, so that whatever is followed by the same thing shares a state.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any

from anyvl.errors import ConfigError
from anyvl.grammar import rules, utf8
from anyvl.grammar.terms import (
    Cell,
    Coordinate,
    Either,
    InPicture,
    OneOf,
    Phrases,
    Repeat,
    Sequence,
    Term,
    Text,
    Token,
)
from anyvl.vocabulary import Vocabulary

Ids = range | tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Edge:
    """Several ids that lead from one state to one other, and what is known of that place in the sentence."""

    ids: Ids
    target: int
    rule: str = "any"
    cell: int = -1
    picture: bool = False


END = "end"
# What can follow a point: edges, other forks (shared, perhaps still growing while a loop is built), or the end.
Fork = list[Any]


class Builder:
    """Turns terms into forks and states, back to front."""

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary = vocabulary
        self.forks: list[Fork] = [[]]  # of every state; the dead one leads nowhere
        self.stores: list[str] = [""]
        self._numbers: dict[tuple[int, str], int] = {}

    def state(self, follow: Fork, store: str = "") -> int:
        """The state after an id that writes `store` and is followed by `follow`."""
        key = (id(follow), store)  # `self.forks` keeps the fork alive, so its id stays its own
        if key not in self._numbers:
            self._numbers[key] = len(self.forks)
            self.forks.append(follow)
            self.stores.append(store)
        return self._numbers[key]

    def edge(self, ids: Ids, target: int, **attributes: Any) -> Edge:
        if not len(ids):
            raise ConfigError("a term of the grammar allows no id at all: give it at least one")
        if not 0 <= min(ids) <= max(ids) < self.vocabulary.size:
            raise ConfigError(f"ids lie in 0..{self.vocabulary.size - 1}, but the grammar has {min(ids)}..{max(ids)}")
        return Edge(ids=ids if len(ids) > 1 else (ids[0],), target=target, **attributes)

    def build(self, term: Term, follow: Fork, inside: bool = False) -> Fork:
        """The fork in front of `term` where `follow` comes behind it; `inside` a picture or not."""
        match term:
            case Token(id):
                return [self.edge((id,), self.state(follow), picture=inside)]
            case OneOf(ids):
                unique = ids if isinstance(ids, range) else tuple(sorted(set(ids)))
                return [self.edge(unique, self.state(follow), picture=inside)]
            case Coordinate():
                return [self.coordinate(term, follow, inside)]
            case Cell(index):
                return [self.edge(self.vocabulary.image, self.state(follow), cell=index, picture=inside)]
            case Sequence(terms):
                for part in reversed(terms):
                    follow = self.build(part, follow, inside)
                return follow
            case Either(terms):
                return [self.build(part, follow, inside) for part in terms]
            case Repeat():
                return self.repeat(term, follow, inside)
            case Phrases(phrases):
                return self.phrases(phrases, follow, inside)
            case Text(token_bytes):
                return self.text(token_bytes, follow, inside)
            case InPicture(inner):
                return self.build(inner, follow, True)
        raise ConfigError(f"a grammar is made of the terms in anyvl.grammar.terms, but {term!r} came")

    def coordinate(self, term: Coordinate, follow: Fork, inside: bool) -> Edge:
        bins = self.vocabulary.coordinate_bins
        high = bins - 1 if term.high is None else term.high
        if not 0 <= term.low <= high < bins:
            raise ConfigError(f"bins lie in 0..{bins - 1} with low ≤ high, but {term.low}..{high} came")
        if term.rule not in rules.RULES or term.store not in rules.STORES:
            raise ConfigError(
                f"{term} names a rule or a store that there is not: "
                f"the rules are {tuple(rules.RULES)}, the stores {tuple(rules.STORES)}"
            )
        ids = self.vocabulary.coordinates[term.low : high + 1]
        return self.edge(ids, self.state(follow, term.store), rule=term.rule, picture=inside)

    def repeat(self, term: Repeat, follow: Fork, inside: bool) -> Fork:
        if term.at_least < 0 or (term.at_most is not None and term.at_most < term.at_least):
            raise ConfigError(f"at_most is at least at_least, and that at least 0, but {term} came")
        if term.at_most is None:
            fork: Fork = [follow]
            fork.append(self.build(term.term, fork, inside))  # back to the fork itself: a loop
        else:
            fork = follow
            for _ in range(term.at_most - term.at_least):
                fork = [self.build(term.term, fork, inside), follow]
        for _ in range(term.at_least):
            fork = self.build(term.term, fork, inside)
        return fork

    def phrases(self, phrases: tuple[tuple[int, ...], ...], follow: Fork, inside: bool) -> Fork:
        if not phrases:
            raise ConfigError("a closed set needs at least one phrase")
        root: dict[int | None, Any] = {}
        for phrase in phrases:
            node = root
            for id in phrase:
                node = node.setdefault(id, {})
            node[None] = True  # a phrase ends here

        def fork_of(node: dict[int | None, Any]) -> Fork:
            steps = [(id, child) for id, child in node.items() if id is not None]
            if not steps:
                return follow
            fork: Fork = [self.edge((id,), self.state(fork_of(child)), picture=inside) for id, child in steps]
            return [*fork, follow] if None in node else fork

        return fork_of(root)

    def text(self, token_bytes: tuple[bytes, ...], follow: Fork, inside: bool) -> Fork:
        if len(token_bytes) > self.vocabulary.num_text:
            raise ConfigError(f"{len(token_bytes)} pieces of text do not fit in {self.vocabulary.num_text} text ids")
        moves = utf8.piece_moves(token_bytes)
        forks: list[Fork] = [[] for _ in range(utf8.STATES)]
        for state, row in enumerate(moves):
            for following, pieces in row.items():
                ids = tuple(self.vocabulary.text_id(piece) for piece in pieces)
                forks[state].append(self.edge(ids, self.state(forks[following]), picture=inside))
        if not moves[utf8.BETWEEN]:
            raise ConfigError("text needs pieces that can start a character")
        opening = list(forks[utf8.BETWEEN])  # at least one character: no end before the first
        forks[utf8.BETWEEN].append(follow)
        return opening


def flatten(fork: Fork) -> tuple[list[Edge], bool]:
    """The distinct edges a fork offers, and whether the sentence may end there."""
    edges: dict[Edge, None] = {}
    ends, seen, pending = False, set(), deque([fork])
    while pending:
        current = pending.popleft()
        if id(current) in seen:
            continue
        seen.add(id(current))
        for item in current:
            if isinstance(item, list):
                pending.append(item)
            elif isinstance(item, Edge):
                edges[item] = None
            else:
                ends = True
    return list(edges), ends
