"""Batches made ahead are those made at once, in order, by whatever hands."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

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

    def slow(step: int, rank: int) -> dict[str, Tensor]:
        time.sleep(0.2)
        return counted(step, rank)

    coming = batches(slow, 0, 10**6, 0, 0)
    for _ in range(3):
        next(coming)
    coming.close()
    time.sleep(0.5)
    assert made in ([0, 1, 2], [0, 1, 2, 3]), "those that were taken and at most the one ahead of them"


KILLED = """
import multiprocessing, os, signal
from small_batches import small_batch
from anyvl.training.drawing import batches

if __name__ == "__main__":
    coming = batches(small_batch, 0, 9, 0, 1)
    next(coming)
    print(multiprocessing.active_children()[0].pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_makers_leave_when_the_training_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, script], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    maker = Path(f"/proc/{int(done.stdout)}")
    if not maker.parent.is_dir():
        pytest.skip("there is no /proc here to look for processes in")
    ends = time.monotonic() + 20
    while maker.exists() and " Z " not in (maker / "stat").read_text() and time.monotonic() < ends:
        time.sleep(0.1)
    assert not maker.exists() or " Z " in (maker / "stat").read_text()
