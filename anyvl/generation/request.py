"""What is asked of the loops, and what they answer."""

from dataclasses import dataclass, field

import numpy as np

from anyvl.grammar.automaton import Automaton
from anyvl.sampling import Sampling


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """One sentence to be written.

    prefix: ids before it. unconditional: the prefix of the other branch of guidance, or None. budget: most ids it may
    take, end included. copy: image ids forced at picture cells, -1 where free. expected: image ids that the free cells may
    well have again (the picture that is edited): a hint that saves time and changes nothing. first_position: output position
    of its first id, which the noise of a draw depends on: above 0 where the sentence continues an answer begun earlier.
    """

    prefix: tuple[int, ...]
    grammar: Automaton
    budget: int
    seed: int = 0
    sampling: Sampling = field(default_factory=Sampling)
    unconditional: tuple[int, ...] | None = None
    copy: np.ndarray | None = None
    expected: np.ndarray | None = None
    first_position: int = 0


@dataclass(frozen=True, kw_only=True)
class Result:
    """A sentence: ids, end included, and the log probability (nats, unguided) of each.

    Probabilities are over the whole vocabulary; where the shape of the answer was settled beforehand (`anyvl.grammar.canvas`),
    over the ids that its free places may hold. Forced ids have log probability 0. forwards: how often the network was asked,
    for all sentences that were written together. aborted: a callback stopped the loop before the end of this sentence; then the
    ids are cut short.
    """

    ids: list[int]
    log_probabilities: list[float]
    forwards: int
    aborted: bool = False
