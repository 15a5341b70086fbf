"""The rows of the network behind a batch of requests: one for each, and one more for each that is guided."""

import itertools
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from anyvl.errors import BudgetError, InputError
from anyvl.generation.request import Request
from anyvl.generation.stepper import Stepper
from anyvl.model.incremental import Span

_WORTH_SHARING = 32
"""So many ids cost more than the further forward that computes them apart."""


class Branches:
    """Which row of the network belongs to which request: first each request's own, then the unconditional ones."""

    def __init__(self, stepper: Stepper, requests: Sequence[Request]) -> None:
        self._stepper, device = stepper, stepper.device
        self.requests = list(requests)
        guided = [i for i, r in enumerate(requests) if r.unconditional is not None and r.sampling.guided]
        self.owners = torch.tensor([*range(len(requests)), *guided], device=device)
        """Of each row of the network, the number of its request."""
        self.guided = self.owners[len(requests) :]
        self._scale = torch.tensor(
            [requests[i].sampling.guidance_scale for i in guided], dtype=torch.float32, device=device
        )
        self.prefills = 0
        """How many forwards `prefill` took."""
        self._prefixes = [r.prefix for r in requests] + [requests[i].unconditional or () for i in guided]
        for prefix, owner in zip(self._prefixes, self.owners.tolist(), strict=True):
            assert prefix, "a prefix has at least <bos>"
            if requests[owner].budget < requests[owner].grammar.shortest:
                raise BudgetError(requests[owner].budget, requests[owner].grammar.shortest)
            if len(prefix) + requests[owner].budget > stepper.longest:
                raise InputError(
                    f"a prompt of {len(prefix)} ids and an answer of up to {requests[owner].budget} do not fit the "
                    f"model's {stepper.longest}: shorten the prompt"
                )

    @property
    def prefix_lengths(self) -> list[int]:
        """Of each row of the network."""
        return [len(prefix) for prefix in self._prefixes]

    def prefill(
        self, openings: Sequence[Sequence[int]], span: Span | None = None, spare: int = 0
    ) -> tuple[object, Float[Tensor, "row 1 ids"]]:
        """A cache that holds each prefix and what opens its answer, and the logits after it; room for `spare` more ids.

        What several rows begin with, such as a picture that is asked about, is computed once.
        """
        owners = self.owners.tolist()
        starts = [(*prefix, *openings[owner]) for prefix, owner in zip(self._prefixes, owners, strict=True)]
        length = spare + max(len(p) + self.requests[o].budget for p, o in zip(self._prefixes, owners, strict=True))
        trunks = shared_beginnings(starts)
        self.prefills = 1 + any(trunks)
        cache = self._stepper.new_cache(len(trunks), length)
        if any(trunks):
            self._stepper.extend(*self._chunk(list(trunks)), cache, span=span)
        distinct = {start: row for row, start in enumerate(itertools.chain(*trunks.values()))}
        if len(distinct) > len(trunks):
            trunk_of = [row for row, members in enumerate(trunks.values()) for _ in members]
            cache = self._stepper.spread(cache, self.owners.new_tensor(trunk_of))
        rest = [start[len(trunk) :] for trunk, members in trunks.items() for start in members]
        logits = self._stepper.extend(*self._chunk(rest), cache, span=span)
        rows = [distinct[start] for start in starts]
        if rows == list(range(len(rows))):
            return cache, logits
        return self._stepper.spread(cache, self.owners.new_tensor(rows)), logits[rows]

    def _chunk(self, rows: Sequence[Sequence[int]]) -> tuple[Int[Tensor, "row width"], Int[Tensor, " row"]]:
        """Rows left-aligned, and how long each is."""
        widths = [len(row) for row in rows]
        ids = [[*row, *[0] * (max(widths) - len(row))] for row in rows]
        return self.owners.new_tensor(ids), self.owners.new_tensor(widths)

    def guide(self, logits: Float[Tensor, "row *place ids"]) -> tuple[Tensor, Tensor]:
        """The logits of each request's own branch, and the guided ones, in fp32: each (request, *place, ids).

        Classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598): unconditional + scale * (own - unconditional).
        """
        logits = logits.float()
        own, other = logits[: len(self.requests)], logits[len(self.requests) :]
        if not len(other):
            return own, own
        scale = self._scale.view(-1, *[1] * (logits.ndim - 1))
        if len(other) == len(own):
            return own, other.lerp(own, scale)
        return own, own.index_copy(0, self.guided, other.lerp(own[self.guided], scale))

    def only(self, numbers: Sequence[int]) -> tuple["Branches", Int[Tensor, " row"]]:
        """The branches of some of the requests, and the rows of the network that they had here."""
        rows = [row for row, owner in enumerate(self.owners.tolist()) if owner in set(numbers)]
        return Branches(self._stepper, [self.requests[number] for number in numbers]), self.owners.new_tensor(rows)


def shared_beginnings(starts: Sequence[Sequence[int]]) -> dict[tuple[int, ...], list[tuple[int, ...]]]:
    """Distinct rows by what they have in common at their beginning, where that is long enough to pay for a forward.

    Every row goes on after its common beginning, which is () for rows that share nothing to speak of.

    >>> shared_beginnings([(8, *range(40), 1), (8, *range(40), 2), (8, 3)]).keys() == {(8, *range(40)), ()}
    True
    """
    groups: list[tuple[int, list[tuple[int, ...]]]] = []
    for start in sorted({tuple(start) for start in starts}):
        if groups:
            shared, members = groups[-1]
            same = next((i for i, (a, b) in enumerate(zip(members[0], start, strict=False)) if a != b), len(members[0]))
            if min(same, shared) >= _WORTH_SHARING:
                groups[-1] = (min(same, shared), [*members, start])
                continue
        groups.append((len(start) - 1, [start]))
    found: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for shared, members in groups:
        found.setdefault(members[0][:shared] if len(members) > 1 else (), []).extend(members)
    return found
