"""The rows of the network behind a batch of requests: one for each, and one more for each that is guided."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from anyvl.errors import BudgetError, InputError
from anyvl.generation.request import Request
from anyvl.generation.stepper import Stepper
from anyvl.model.incremental import Span


class Branches:
    """Which row of the network belongs to which request: first each request's own, then the unconditional ones."""

    def __init__(self, stepper: Stepper, requests: Sequence[Request]) -> None:
        self._stepper, device = stepper, stepper.device
        self.requests = list(requests)
        guided = [i for i, r in enumerate(requests) if r.unconditional is not None and r.sampling.guided]
        self.owners = torch.tensor([*range(len(requests)), *guided], device=device)
        """Of each row of the network, the number of its request."""
        self.guided = self.owners[len(requests) :]
        self._scale = torch.tensor([requests[i].sampling.guidance_scale for i in guided], device=device)
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

    def prefill(
        self, openings: Sequence[Sequence[int]], span: Span | None = None, spare: int = 0
    ) -> tuple[object, Float[Tensor, "row 1 ids"]]:
        """A cache that holds each prefix and what opens its answer, and the logits after it; room for `spare` more ids.

        What several rows begin with, word for word, is computed once.
        """
        owners = self.owners.tolist()
        starts = [(*prefix, *openings[owner]) for prefix, owner in zip(self._prefixes, owners, strict=True)]
        length = spare + max(len(p) + self.requests[o].budget for p, o in zip(self._prefixes, owners, strict=True))
        distinct = list(dict.fromkeys(starts))
        widths = torch.tensor([len(start) for start in distinct])
        ids = torch.zeros(len(distinct), int(widths.max()), dtype=torch.int64)
        for row, start in zip(ids, distinct, strict=True):
            row[: len(start)] = torch.tensor(start)
        device, cache = self._stepper.device, self._stepper.new_cache(len(distinct), length)
        logits = self._stepper.extend(ids.to(device), widths.to(device), cache, span=span)
        if len(distinct) == len(starts):
            return cache, logits
        rows = torch.tensor([distinct.index(start) for start in starts], device=device)
        return self._stepper.spread(cache, rows), logits[rows]

    def guide(self, logits: Float[Tensor, "row *place ids"]) -> Float[Tensor, "request *place ids"]:
        """Classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598): unconditional + scale * (own - unconditional)."""
        own, other = logits[: len(self.requests)].float(), logits[len(self.requests) :].float()
        if not len(other):
            return own
        scale = self._scale.view(-1, *[1] * (logits.ndim - 1))
        mixed = other + scale * (own[self.guided] - other)
        return mixed if len(other) == len(own) else own.index_copy(0, self.guided, mixed)

    def only(self, numbers: Sequence[int]) -> tuple["Branches", Int[Tensor, " row"]]:
        """The branches of some of the requests, and the rows of the network that they had here."""
        rows = [row for row, owner in enumerate(self.owners.tolist()) if owner in set(numbers)]
        return Branches(self._stepper, [self.requests[number] for number in numbers]), self.owners.new_tensor(rows)


def as_int64(seed: int) -> int:
    """A seed modulo 2^64 as the int64 of the same bits."""
    seed %= 2**64
    return seed - 2**64 if seed >= 2**63 else seed
