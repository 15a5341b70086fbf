"""Batches made ahead are those made at once, in order, by whatever hands."""

import contextlib
import time

import pytest
from small_batches import small_batch
from torch import Tensor

from anyvl.training.drawing import batches


@pytest.mark.parametrize("workers", [0, 2])
def test_they_come_in_order_and_end(workers: int) -> None:
    with contextlib.closing(batches(small_batch, 3, 9, 1, workers)) as coming:
        assert [batch["step"].tolist() for batch in coming] == [[step, 1] for step in range(3, 9)]


def test_a_mistake_in_a_batch_is_not_swallowed() -> None:
    with contextlib.closing(batches(small_batch, 12, 15, 0, 0)) as coming:
        next(coming)
        with pytest.raises(ValueError, match="unlucky"):
            next(coming)


def test_leaving_early_stops_the_makers() -> None:
    made: list[int] = []

    def counted(step: int, rank: int) -> dict[str, Tensor]:
        made.append(step)
        return small_batch(0, rank)

    coming = batches(counted, 0, 10**6, 0, 0)
    next(coming)
    coming.close()
    time.sleep(0.2)
    assert len(made) <= 2, "the one that was taken and at most the one ahead of it"
