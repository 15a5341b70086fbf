"""Batches made ahead of the training, by a thread or by processes of their own."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor

Batch = Mapping[str, Tensor]
MakeBatch = Callable[[int, int], Batch]

_adopted: MakeBatch | None = None


def batches(make: MakeBatch, start: int, stop: int, rank: int, workers: int) -> Generator[Batch]:
    """`make(step, rank)` of the steps from start to stop in order, some of them made ahead.

    workers: processes that make them; with 0 a thread makes one while the one before is learnt. `make` must be picklable for
    processes, and a function of its arguments alone; each process makes every `workers`-th batch.
    """
    makers: list[Executor] = [ThreadPoolExecutor(max_workers=1)]
    task: Callable[[int, int], Mapping[str, Any]] = make
    if workers:
        spawning = multiprocessing.get_context("spawn")  # a fork would share the GPU and torch's threads
        makers = [
            ProcessPoolExecutor(1, mp_context=spawning, initializer=_adopt, initargs=(make,)) for _ in range(workers)
        ]
        task = _made
    coming: deque[Future[Mapping[str, Any]]] = deque()
    asked = start

    def ask() -> None:
        nonlocal asked
        if asked < stop:
            coming.append(makers[asked % len(makers)].submit(task, asked, rank))
            asked += 1

    try:
        for _ in range(2 * workers + 1):
            ask()
        while coming:
            made = coming.popleft().result()
            ask()
            yield {name: torch.from_numpy(one) if isinstance(one, np.ndarray) else one for name, one in made.items()}
    finally:
        for maker in makers:
            maker.shutdown(wait=False, cancel_futures=True)


def _adopt(make: MakeBatch) -> None:
    global _adopted
    _adopted = make
    torch.set_num_threads(1)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """A training that is killed cannot dismiss its workers: they would wait for it for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _made(step: int, rank: int) -> Mapping[str, np.ndarray]:
    """A batch by value: tensors would be shared, an open file each, and many workers have more of them than a process may."""
    assert _adopted is not None
    return {name: tensor.numpy() for name, tensor in _adopted(step, rank).items()}
