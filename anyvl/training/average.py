"""A moving average of a network's weights (Polyak & Juditsky 1992), which is what a run exports: smoother than the last step."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """The average of a network's parameters over about the last 1 / (1 - decay) steps; with decay 0 there is none.

    Early on it is over a tenth of the steps so far, so that it does not remember how the weights started.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self._own = [parameter for parameter in network.parameters() if parameter.requires_grad] if decay else []
        self._mean = [parameter.detach().float().clone() for parameter in self._own]

    @torch.no_grad()
    def follow(self) -> None:
        """Take in the weights as they are now."""
        self.steps += 1
        if self._own:
            weight = 1 - min(self.decay, self.steps / (self.steps + 9))
            torch._foreach_lerp_(self._mean, [parameter.float() for parameter in self._own], weight)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Within, the network has the average for its weights."""
        kept = [parameter.detach().clone() for parameter in self._own]
        self._put(self._mean)
        try:
            yield
        finally:
            self._put(kept)

    def tensors(self) -> dict[str, Tensor]:
        """What a state keeps of it."""
        return {"steps": torch.tensor(self.steps), **{str(number): mean for number, mean in enumerate(self._mean)}}

    def resume(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a kept state; from one without an average, the weights as they are now are its start."""
        if self._own and len(tensors) > 1:
            self.steps = int(tensors["steps"])
            for number, mean in enumerate(self._mean):
                mean.copy_(tensors[str(number)])
        else:
            self._mean = [parameter.detach().float().clone() for parameter in self._own]

    @torch.no_grad()
    def _put(self, values: list[Tensor]) -> None:
        for parameter, value in zip(self._own, values, strict=True):
            parameter.copy_(value)
