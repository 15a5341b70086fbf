"""`anyvl evaluate`: the suites on one model, a table on screen, JSON or Markdown on disk."""

import functools
import multiprocessing
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from anyvl.errors import AnyVLError, UnknownNameError
from anyvl.evaluation.page import page
from anyvl.evaluation.report import COLUMNS, LEGEND, cells, table, to_json
from anyvl.evaluation.score import Score
from anyvl.exports.files import write_file
from anyvl.pipeline import AnyVL


def run(
    *,
    model: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    suites: Iterable[str] = (),
    count: int = 200,
    processes: int = 1,
    output: Path | None = None,
) -> list[Score]:
    """Evaluate a checkpoint folder (the default one if None) with `count` items a figure; print and return the scores.

    dtype: as `AnyVL.from_pretrained` takes it, to see what fewer bits cost. processes: so many suites are measured at once, each
    with its share of the cores; figures are the same but for rounding.

    output: a .json, .md or .html file for the scores, written anew after every suite; the last shows pictures, the best, the
    worst and random ones. UnknownNameError for another suffix.
    """
    from anyvl.evaluation import SUITES, suites_of

    asked = tuple(suites)
    for name in asked:
        if name not in SUITES:
            raise UnknownNameError("suite", name, SUITES)
    if output is not None and output.suffix.lower() not in _FILES:
        raise UnknownNameError("format of scores", output.suffix or output.name, _FILES)

    console = Console(stderr=True)
    began = time.monotonic()
    load = functools.partial(AnyVL.from_pretrained, model, device=device, dtype=dtype or "float32")
    loaded = load()
    names = asked or suites_of(loaded)
    console.print(f"to be measured: {', '.join(names)}")
    scores: list[Score] = []
    missed: dict[str, str] = {}
    # One after the other comes back: what is measured is kept, whatever happens to the next.
    measured = (_measure(loaded, name, count) for name in names)
    if processes > 1:
        measured = _measured_apart(load, names, count, processes)
    for name, (found, problem) in zip(names, measured, strict=True):
        console.print(f"[{time.monotonic() - began:6.0f} s] {name}{f' is left out: {problem}' if problem else ''}")
        scores += found
        if problem:
            missed[name] = problem
        if output is not None:
            write_file(output, _FILES[output.suffix.lower()](scores).encode())
    Console().print(_table(scores))
    if missed:
        raise AnyVLError("not measured: " + "; ".join(f"{name} ({problem})" for name, problem in missed.items()))
    return scores


def _measured_apart(
    load: Callable[[], AnyVL], names: Sequence[str], count: int, processes: int
) -> Generator[tuple[list[Score], str | None], None, None]:
    """As `_measure` of each suite, in order, by processes that load the model for every suite."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_share_cores, initargs=(processes,)) as pool:
        yield from pool.map(functools.partial(_load_and_measure, load, count), names)


def _load_and_measure(load: Callable[[], AnyVL], count: int, name: str) -> tuple[list[Score], str | None]:
    return _measure(load(), name, count)


def _measure(model: AnyVL, name: str, count: int) -> tuple[list[Score], str | None]:
    """The scores of a suite, and why there are none (None where there are)."""
    from anyvl.evaluation import evaluate

    try:
        return evaluate(model, name, count), None
    except AnyVLError as problem:
        return [], str(problem)


def _share_cores(processes: int) -> None:
    torch.set_num_threads(max(1, torch.get_num_threads() // processes))


def _table(scores: list[Score]) -> Table:
    shown = Table(*COLUMNS, title="anyvl evaluate")
    for row in scores:
        shown.add_row(*cells(row))
    return shown


_HEAD = "# Scores\n\nWritten by `anyvl evaluate -o FILE.md`. "


def _as_markdown(scores: list[Score]) -> str:
    return f"{_HEAD}{LEGEND}\n{table(scores)}"


def _as_page(scores: list[Score]) -> str:
    return page(scores, COLUMNS, [cells(score) for score in scores])


_FILES = {".json": to_json, ".md": _as_markdown, ".html": _as_page}
