"""What `anyvl evaluate` writes, and what it refuses before it computes."""

import json
from pathlib import Path

import pytest

import anyvl.evaluation
from anyvl.errors import ConfigError, UnknownNameError
from anyvl.evaluation import Score, evaluate, run
from anyvl.pipeline import AnyVL

SCORES = [
    Score(name="a", value=0.5, low=0.25, high=0.75, count=7, ceiling=1.0, floor=0.125),
    Score(name="b", value=1.0, low=float("nan"), high=float("nan"), count=8),
]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AnyVL, "from_pretrained", lambda *_, **__: None)
    monkeypatch.setattr(anyvl.evaluation, "evaluate", lambda model, suite, count: SCORES)


def test_scores_as_json_hold_every_figure(measured: None, tmp_path: Path) -> None:
    run(suites=["seeds"], output=tmp_path / "scores.json")
    rows = json.loads((tmp_path / "scores.json").read_text())
    assert [row["value"] for row in rows] == [0.5, 1.0] and rows[0]["floor"] == 0.125 and rows[1]["low"] is None


def test_scores_as_markdown_are_a_table(measured: None, tmp_path: Path) -> None:
    run(suites=["seeds", "judge"], output=tmp_path / "scores.md")
    lines = (tmp_path / "scores.md").read_text().splitlines()
    assert len(lines) == 2 + 4 and len({line.count("|") for line in lines}) == 1
    assert lines[2] == "| a | 0.500 | 0.250-0.750 | 1.000 | 0.125 | 7 |"


@pytest.mark.parametrize("wrong", [{"suites": ["no such suite"]}, {"output": Path("scores.xls")}])
def test_mistakes_are_told_before_a_model_is_loaded(wrong: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AnyVL, "from_pretrained", lambda *_, **__: pytest.fail("loaded"))
    with pytest.raises(UnknownNameError):
        run(**wrong)


def test_a_count_too_small_for_floors_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 6"):
        evaluate(AnyVL.from_pretrained(), "segmentation", 5)
