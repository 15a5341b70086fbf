"""The card tells what the checkpoint says of itself, the measured scores it is asked for, and what it cost."""

import math

import pytest

from anyvl.checkpoint import DEFAULT_FOLDER, load_parts
from anyvl.data.scenes.catalogue import DRAWN_BY
from anyvl.errors import InputError
from anyvl.evaluation import card as page
from anyvl.evaluation.report import from_json, to_json
from anyvl.evaluation.score import Score

SCORES = (
    Score(name="segmentation, test: mIoU", value=0.8125, low=0.75, high=0.875, count=50, ceiling=0.98, floor=0.01),
    Score(name="two things, test: painted to a plan: objects", value=0.123, low=0.1, high=0.2, count=50),
    Score(name="geneval, test: counting", value=0.625, low=math.nan, high=math.nan, count=40, note="of 40"),
)


@pytest.fixture(scope="module")
def text() -> str:
    return page.card(
        load_parts(),
        from_json(to_json(SCORES)),
        "Beware of toads.\n\n## Training\n\nTwo cores, ten hours.\n",
        "images/failures.png",
    )


def test_it_tells_the_scores_that_count_with_what_they_are_read_beside(text: str) -> None:
    assert "| segmentation, test: mIoU | 0.812 | 0.750-0.875 | 0.980 | 0.010 | 50 |" in text
    assert "| geneval, test: counting (of 40) | 0.625 |  |  |  | 40 |" in text
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
    assert "(images/failures.png)\n\nBeware of toads.\n\n## Scores\n" in text
    assert "\n\n## Training\n\nTwo cores, ten hours.\n\n## Attribution" in text


def test_it_names_those_whose_drawings_were_shown(text: str) -> None:
    told = text.partition("## Attribution")[2]
    for style in load_parts().knows.get("styles", ["flat"]):
        assert f"- {DRAWN_BY[style]}\n" in told
    assert "OpenMoji" not in told


def test_the_default_shows_its_failures_once() -> None:
    shipped = (DEFAULT_FOLDER / "README.md").read_text(encoding="utf-8")
    assert shipped.count(f"![failures]({page.PICTURE})") == 1 and (DEFAULT_FOLDER / page.PICTURE).is_file()
    wrong = shipped.partition("## What it gets wrong\n")[2].partition("\n## ")[0].split("\n\n")
    assert len(set(wrong)) == len(wrong), "a paragraph stands there twice"


def test_scores_that_are_none_are_refused() -> None:
    for text in ("nothing", "[1]", '[{"name": "x"}]', '{"scores": []}'):
        with pytest.raises(InputError, match="no scores that"):
            from_json(text)
