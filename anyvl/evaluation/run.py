"""`anyvl evaluate`: the suites on one model, a table on screen, JSON or Markdown on disk."""

import dataclasses
import json
import math
import time
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from anyvl.errors import UnknownNameError
from anyvl.evaluation.page import page
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
    for name in asked or suites_of(loaded):  # one at a time: what is measured is kept, whatever happens to the next
        console.print(f"[{time.monotonic() - began:6.0f} s] {name}")
        scores += evaluate(loaded, name, count)
        if output is not None:
            write_file(output, _FILES[output.suffix.lower()](scores).encode())
    Console().print(_table(scores))
    return scores


def _table(scores: list[Score]) -> Table:
    table = Table(*_COLUMNS, title="anyvl evaluate")
    for row in scores:
        table.add_row(*_cells(row))
    return table


_HEAD = """# Scores

Written by `anyvl evaluate -o FILE.md`. Every picture and answer is a first sample, on scenes that no training shows. The
interval is a bootstrap over items. The **ceiling** is the true picture or answer after the codecs, the **floor** an answer
to another item of the same size, the untouched input of an edit, or what can be said blindly.

"""

_COLUMNS = ("figure", "score", "95 %", "ceiling", "floor", "n")


def _cells(row: Score) -> list[str]:
    interval = "" if math.isnan(row.low) else f"{row.low:.3f}-{row.high:.3f}"
    beside = ["" if value is None else f"{value:.3f}" for value in (row.ceiling, row.floor)]
    name = f"{row.name} ({row.note})" if row.note else row.name
    return [name, f"{row.value:.3f}", interval, *beside, str(row.count)]


def _as_json(scores: list[Score]) -> str:
    names = [field.name for field in dataclasses.fields(Score) if field.name != "exhibits"]
    rows = [{name: _plain(getattr(score, name)) for name in names} for score in scores]
    return json.dumps(rows, indent=1) + "\n"


def _as_markdown(scores: list[Score]) -> str:
    lines = [_COLUMNS, ["---"] * len(_COLUMNS), *map(_cells, scores)]
    return _HEAD + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _as_page(scores: list[Score]) -> str:
    return page(scores, _COLUMNS, [_cells(score) for score in scores])


_FILES = {".json": _as_json, ".md": _as_markdown, ".html": _as_page}


def _plain(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
