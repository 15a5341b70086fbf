"""How fast a training runs: units a second, the share of what the machine can multiply (MFU), and memory."""

import resource
import time

import torch


class Gauge:
    """Counts units and products between two readings.

    MFU is Chowdhery et al.'s (2022, arXiv:2204.02311) model FLOPs utilisation, against products of large matrices measured on
    the same device in the precision of the training.
    """

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        self._device = device
        self._peak = peak_products(device, dtype)
        self.start()

    def start(self) -> None:
        self._units, self._products, self._clock = 0, 0.0, time.monotonic()

    def add(self, units: int, products: float) -> None:
        """A step's units, and the floating-point operations that learning them takes."""
        self._units += units
        self._products += products

    def reading(self) -> dict[str, float]:
        """Figures since the last reading: per_second, mfu (where products were given), memory_gib at most so far."""
        seconds = time.monotonic() - self._clock
        figures = {"per_second": round(self._units / seconds, 1)}
        if self._products:
            figures["mfu"] = round(self._products / seconds / self._peak, 4)
        figures["memory_gib"] = round(_memory(self._device) / 2**30, 2)
        self.start()
        return figures


def peak_products(device: torch.device, dtype: torch.dtype) -> float:
    """Floating-point operations a second of the product of two large matrices."""
    side = 8192 if device.type == "cuda" else 2048
    square = torch.randn(side, side, device=device).to(dtype)
    times = []
    for _ in range(5):
        began = time.monotonic()
        float((square @ square)[0, 0])  # a number, so that a GPU has to be waited for
        times.append(time.monotonic() - began)
    return 2 * side**3 / min(times)


def _memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
