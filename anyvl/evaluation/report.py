"""Scores written down: JSON that can be read again, and the table of Markdown pages."""

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any

from anyvl.errors import InputError
from anyvl.evaluation.score import Score

COLUMNS = ("figure", "score", "95 %", "ceiling", "floor", "n")
LEGEND = """Every answer is the first one, every picture the one that the model itself keeps of its candidates (`anyvl info` tells
how many), on scenes that no training shows. The interval is a bootstrap over items. The **ceiling** is the true picture or answer
after the codecs, the **floor** an answer to another item of the same size, the untouched input of an edit, or what can be said
blindly.
"""


def cells(row: Score) -> list[str]:
    """A score's cells under `COLUMNS`."""
    interval = "" if math.isnan(row.low) else f"{row.low:.3f}-{row.high:.3f}"
    beside = ["" if value is None else f"{value:.3f}" for value in (row.ceiling, row.floor)]
    name = f"{row.name} ({row.note})" if row.note else row.name
    return [name, f"{row.value:.3f}", interval, *beside, str(row.count)]


def table(scores: Sequence[Score]) -> str:
    """A Markdown table, a row a score."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *map(cells, scores)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def to_json(scores: Sequence[Score]) -> str:
    """All of the scores but their exhibits; an interval that there is none of is null."""
    names = [field.name for field in dataclasses.fields(Score) if field.name != "exhibits"]
    rows = [{name: _plain(getattr(score, name)) for name in names} for score in scores]
    return json.dumps(rows, indent=1) + "\n"


def from_json(text: str) -> list[Score]:
    """Scores as `to_json` writes them; InputError for anything else."""
    try:
        rows: list[dict[str, Any]] = [dict(row) for row in json.loads(text)]
        for row in rows:
            row |= {name: math.nan for name in ("low", "high") if row[name] is None}
        return [Score(**row) for row in rows]
    except (ValueError, TypeError, KeyError) as problem:
        raise InputError(f"these are no scores that `anyvl evaluate -o FILE.json` wrote: {problem}") from problem


def _plain(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
