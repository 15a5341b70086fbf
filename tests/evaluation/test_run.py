"""What `anyvl evaluate` writes, and what it refuses before it computes."""

import base64
import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image

import anyvl.evaluation
from anyvl.errors import AnyVLError, ConfigError, UnknownNameError
from anyvl.evaluation import Score, evaluate, run
from anyvl.evaluation.score import Exhibit, score
from anyvl.pipeline import AnyVL

SCORES = [
    Score(name="a", value=0.5, low=0.25, high=0.75, count=7, ceiling=1.0, floor=0.125),
    Score(name="b", value=1.0, low=float("nan"), high=float("nan"), count=8),
]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AnyVL, "from_pretrained", lambda *_, **__: object.__new__(AnyVL))
    monkeypatch.setattr(anyvl.evaluation, "evaluate", lambda model, suite, count: SCORES)


def test_scores_as_json_hold_every_figure(measured: None, tmp_path: Path) -> None:
    run(suites=["seeds"], output=tmp_path / "scores.json")
    rows = json.loads((tmp_path / "scores.json").read_text())
    assert [row["value"] for row in rows] == [0.5, 1.0] and rows[0]["floor"] == 0.125 and rows[1]["low"] is None


def test_scores_as_markdown_are_a_table(measured: None, tmp_path: Path) -> None:
    run(suites=["seeds", "judge"], output=tmp_path / "scores.md")
    lines = [line for line in (tmp_path / "scores.md").read_text().splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 4 and len({line.count("|") for line in lines}) == 1
    assert lines[2] == "| a | 0.500 | 0.250-0.750 | 1.000 | 0.125 | 7 |"


def test_the_page_shows_the_best_and_the_worst(measured: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = [0.5, 1.0, 0.25, *[0.75] * 20]
    exhibits = [Exhibit(Image.new("RGB", (12, 8), (i, 0, 0)), f"<item {i}>") for i in range(len(values))]
    shown = score("boxes & names", values, exhibits=exhibits)
    assert [e.words for e in shown.exhibits["best"][:1]] == ["<item 1>"]
    assert [(e.words, e.value) for e in shown.exhibits["worst"][:2]] == [("<item 2>", 0.25), ("<item 0>", 0.5)]
    assert len({e.words for e in shown.exhibits["random"]}) == 6
    monkeypatch.setattr(anyvl.evaluation, "evaluate", lambda model, suite, count: [shown, *SCORES])
    run(suites=["seeds"], output=tmp_path / "scores.html")
    text = (tmp_path / "scores.html").read_text()
    assert "<td>boxes &amp; names</td>" in text and "&lt;item 2&gt;" in text and "<item" not in text
    pictures = [base64.b64decode(data) for data in re.findall(r"base64,([^\"]+)", text)]
    assert len(pictures) == 18
    with Image.open(io.BytesIO(pictures[0])) as first:
        assert first.size == (12, 8) and first.getpixel((0, 0)) == (1, 0, 0)
    run(suites=["seeds"], output=tmp_path / "scores.json")
    assert "exhibits" not in json.loads((tmp_path / "scores.json").read_text())[0]


def test_a_suite_that_cannot_be_measured_does_not_end_the_others(
    measured: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def evaluated(model: object, suite: str, count: int) -> list[Score]:
        if suite == "judge":
            raise ConfigError("there is no judge")
        return SCORES

    monkeypatch.setattr(anyvl.evaluation, "evaluate", evaluated)
    with pytest.raises(AnyVLError, match=r"not measured: judge \(there is no judge\)"):
        run(suites=["judge", "seeds"], output=tmp_path / "scores.json")
    assert [row["name"] for row in json.loads((tmp_path / "scores.json").read_text())] == ["a", "b"]


def test_suites_measured_at_once_have_the_same_figures(tmp_path: Path) -> None:
    found = []
    for processes in (1, 2):
        file = tmp_path / f"{processes}.json"
        run(suites=["classification", "captioning"], count=6, processes=processes, output=file)
        found.append(json.loads(file.read_text()))
    one, other = ([(row["name"], row["count"], round(row["value"], 3)) for row in rows] for rows in found)
    assert len(one) > 2 and one == other


@pytest.mark.parametrize("wrong", [{"suites": ["no such suite"]}, {"output": Path("scores.xls")}])
def test_mistakes_are_told_before_a_model_is_loaded(wrong: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AnyVL, "from_pretrained", lambda *_, **__: pytest.fail("loaded"))
    with pytest.raises(UnknownNameError):
        run(**wrong)


def test_a_count_too_small_for_floors_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 6"):
        evaluate(AnyVL.from_pretrained(), "segmentation", 5)
