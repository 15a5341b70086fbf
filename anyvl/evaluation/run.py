"""`anyvl evaluate`: the suites on one model, a table on screen, JSON or Markdown on disk."""

import time
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from anyvl.errors import AnyVLError, UnknownNameError
from anyvl.evaluation.page import page
from anyvl.evaluation.report import COLUMNS, LEGEND, cells, table, to_json
from anyvl.evaluation.score import Score
from anyvl.exports.files import write_file


def run(
    *,
    model: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    suites: Iterable[str] = (),
    count: int = 200,
    output: Path | None = None,
) -> list[Score]:
    """Evaluate a checkpoint folder (the default one if None) with `count` items a figure; print and return the scores.

    dtype: as `AnyVL.from_pretrained` takes it, to see what fewer bits cost.

    output: a .json, .md or .html file for the scores, written anew after every suite; the last shows pictures, the best, the
    worst and random ones. UnknownNameError for another suffix.
    """
    from anyvl.evaluation import SUITES, evaluate, suites_of
    from anyvl.pipeline import AnyVL

    asked = tuple(suites)
    for name in asked:
        if name not in SUITES:
            raise UnknownNameError("suite", name, SUITES)
    if output is not None and output.suffix.lower() not in _FILES:
        raise UnknownNameError("format of scores", output.suffix or output.name, _FILES)

    console = Console(stderr=True)
    began = time.monotonic()
    loaded = AnyVL.from_pretrained(model, device=device, dtype=dtype or "float32")
    scores: list[Score] = []
    missed: dict[str, AnyVLError] = {}
    for name in asked or suites_of(loaded):  # one at a time: what is measured is kept, whatever happens to the next
        console.print(f"[{time.monotonic() - began:6.0f} s] {name}")
        try:
            scores += evaluate(loaded, name, count)
        except AnyVLError as problem:
            missed[name] = problem
            console.print(f"{name} is left out: {problem}")
        if output is not None:
            write_file(output, _FILES[output.suffix.lower()](scores).encode())
    Console().print(_table(scores))
    if missed:
        raise AnyVLError("not measured: " + "; ".join(f"{name} ({problem})" for name, problem in missed.items()))
    return scores


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
