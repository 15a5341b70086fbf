"""The training loop, one for every network: batch k is a function of (seed, k, rank), so a run can stop at any moment and go on.

The log (`log.jsonl`) holds what is a function of the run alone, so that a resumed run's log equals an unbroken one's byte for
byte; clock times go to `clock.jsonl`.
"""

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from accelerate import Accelerator
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn

from anyvl.errors import ConfigError
from anyvl.files import write_whole
from anyvl.training.average import Average
from anyvl.training.config import Keeping, Schedule
from anyvl.training.drawing import batches
from anyvl.training.gauge import Gauge
from anyvl.training.state import load_state, save_state

_Network = TypeVar("_Network", bound=nn.Module)


@dataclass(frozen=True, kw_only=True)
class Job(Generic[_Network]):
    """What the loop needs to know of a training.

    batch(step, rank): the tensors of a step. loss(model, batch, step): the loss and what to log. after(model, step): what is done
    to the weights after a step outside the gradient. export(model, folder): writes the weights for use. sheet(model, path): draws
    a sample sheet. units(batch): how much a batch holds, of what the run calls throughput (pictures, ids). products(batch): how
    many floating-point operations learning it takes, 0 where nobody counts. workers: processes that make batches.
    """

    batch: Callable[[int, int], Mapping[str, Tensor]]
    loss: Callable[[_Network, Mapping[str, Tensor], int], tuple[Tensor, dict[str, Tensor]]]
    optimizers: list[torch.optim.Optimizer]
    export: Callable[[_Network, Path], None]
    sheet: Callable[[_Network, Path], None]
    units: Callable[[Mapping[str, Tensor]], int]
    products: Callable[[Mapping[str, Tensor]], float] = lambda batch: 0.0
    workers: int = 0
    after: Callable[[_Network, Mapping[str, Tensor], int], None] = lambda model, batch, step: None


def train(
    model: _Network,
    job: Job[_Network],
    folder: Path,
    *,
    schedule: Schedule,
    keeping: Keeping,
    precision: str,
    deadline: float | None = None,
) -> int:
    """Train until the schedule's last step, or stop and save in time for a deadline of the monotonic clock.

    Returns the number of steps done.
    """
    accelerator = Accelerator(mixed_precision=native_precision() if precision == "auto" else precision)
    if accelerator.num_processes > 1:
        raise ConfigError("training runs in one process for now: start it without `accelerate launch`, on one GPU")
    model, *optimizers = accelerator.prepare(model, *job.optimizers)
    bare = accelerator.unwrap_model(model)
    rank, main = accelerator.process_index, accelerator.is_main_process
    folder.mkdir(parents=True, exist_ok=True)
    state = folder / "state.safetensors"
    plain = [getattr(optimizer, "optimizer", optimizer) for optimizer in optimizers]
    average = Average(bare, schedule.average)
    done, sums = load_state(state, bare, plain, average) if state.exists() else (0, {})
    sums = {name: value.to(accelerator.device) for name, value in sums.items()}
    if main:
        _keep_lines_before(folder / "log.jsonl", done)
    console = Console(stderr=True)
    if main:
        console.print(f"on {accelerator.device}, mixed precision: {accelerator.mixed_precision}")
        console.print(
            f"goes on from step {done}" if done else "making the first batch: the bar moves after the first step"
        )
    with contextlib.ExitStack() as stack, Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn(),
        TimeRemainingColumn(), console=console, disable=not main,
    ) as progress:  # fmt: skip
        bar = progress.add_task("training", total=schedule.steps, completed=done)
        step, slowest, saving = done, 0.0, 0.0
        gauge = Gauge(accelerator.device, torch.bfloat16 if accelerator.mixed_precision == "bf16" else torch.float32)
        # Batch k depends on k alone, so the next one can be made while this one is learnt.
        coming = stack.enter_context(contextlib.closing(batches(job.batch, done, schedule.steps, rank, job.workers)))
        while step < schedule.steps:
            started = time.monotonic()
            for optimizer in plain:
                for group in optimizer.param_groups:
                    group["lr"] = group["peak"] * schedule.factor(step)
            made = next(coming)
            gauge.add(job.units(made), job.products(made))  # counted here: on a GPU every count would be waited for
            batch = {name: value.to(accelerator.device) for name, value in made.items()}
            model.train()
            with accelerator.autocast():
                loss, said = job.loss(model, batch, step)
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(model.parameters(), schedule.clip)
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            job.after(bare, batch, step)
            average.follow()
            step += 1
            for name, value in {"loss": loss.detach(), **said}.items():
                sums[name] = sums.get(name, 0) + value.detach()
            if step % keeping.log_every == 0 and main:
                means = {name: round(float(value) / keeping.log_every, 5) for name, value in sums.items()}
                _append(folder / "log.jsonl", {"step": step, **means})
                figures = gauge.reading()
                _append(folder / "clock.jsonl", {"step": step, **figures})
                progress.update(bar, description=f"loss {means['loss']:.3f} · {figures['per_second']:.0f}/s")
                sums = {}
            progress.update(bar, completed=step)
            if main and step % keeping.sheet_every == 0:
                bare.eval()
                with average.shown():
                    job.sheet(bare, folder / f"sheet-{step:07d}.png")
            if step > done + 1:  # the first one may compile
                slowest = max(slowest, time.monotonic() - started)
            late = deadline is not None and time.monotonic() + 2 * slowest + 2 * saving > deadline
            if main and (late or step == schedule.steps or step % keeping.state_every == 0):
                before = time.monotonic()
                bare.eval()
                # The state comes last: a run that is killed between the two exports once more.
                with average.shown():
                    job.export(bare, folder / "model")
                save_state(state, step, bare, plain, average, sums)
                saving = max(saving, time.monotonic() - before)
            if late:
                console.print(f"time is up after step {step}: saved; the same command goes on from here")
                break
    return step


def native_precision() -> str:
    """ "bf16" where this machine has units for it, else "no": emulated, it is much slower than fp32."""
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "no"
    return "bf16" if torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported() else "no"


def _append(path: Path, line: dict[str, Any]) -> None:
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def _keep_lines_before(path: Path, step: int) -> None:
    """Drop what an interrupted run logged after its last saved state: it will be logged again, the same."""
    if path.exists():
        lines = [
            line for line in path.read_text().splitlines() if line.endswith("}") and json.loads(line)["step"] <= step
        ]
        kept = "".join(line + "\n" for line in lines)
        write_whole(path, lambda unfinished: unfinished.write_text(kept))
