"""The card tells what the checkpoint says of itself, the measured scores it is asked for, and what it cost."""

import dataclasses

import pytest

from anyvl.checkpoint import load_parts
from anyvl.evaluation import card as page
from anyvl.evaluation.score import Score


def row(name: str, value: float, **more: float | None) -> dict[str, object]:
    score = Score(name=name, value=value, low=value - 0.1, high=value + 0.1, count=50)
    return {**{f.name: getattr(score, f.name) for f in dataclasses.fields(score) if f.name != "exhibits"}, **more}


@pytest.fixture(scope="module")
def text() -> str:
    scores = [
        row("segmentation, test: mIoU", 0.8125, ceiling=0.98, floor=0.01),
        row("two things, test: painted to a plan: objects", 0.123),
        row("geneval, test: counting", 0.625, low=None, high=None),
    ]
    return page.card(load_parts(), scores, "## Training\n\nTwo cores, ten hours.\n", "images/failures.png")


def test_it_tells_the_scores_that_count_with_what_they_are_read_beside(text: str) -> None:
    assert "| segmentation, test: mIoU | 0.812 | 0.71-0.91 | 0.980 | 0.010 | 50 |" in text
    assert "| geneval, test: counting | 0.625 |  |  |  | 50 |" in text
    assert "painted to a plan" not in text


def test_it_tells_what_is_known_and_what_the_parts_are(text: str) -> None:
    parts = load_parts()
    shape = parts.decoder.config
    weights = sum(weight.numel() for weight in parts.decoder.parameters())
    assert f"{weights / 1e6:.1f} M parameters, width {shape.hidden_size}, {shape.num_hidden_layers} layers" in text
    for name in ("things", "colours", "backgrounds"):
        words = parts.knows[name]
        assert f"- {len(words)} **{name}**: {', '.join(words)}." in text
    assert all(task in text for task in parts.tasks)


def test_failures_and_costs_have_their_place(text: str) -> None:
    assert "(images/failures.png)" in text and text.endswith("## Training\n\nTwo cores, ten hours.\n")
