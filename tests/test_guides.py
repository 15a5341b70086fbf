"""What the guides say works: their code is run, and the task and the codec they make obey the laws of all others."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import anyvl.tasks
from anyvl.checkpoint import Parts, load_parts
from anyvl.codecs import Codec
from anyvl.evaluation.laws import random_decoder
from anyvl.pipeline import AnyVL
from anyvl.tasks.translate import answer_grammar
from anyvl.values import Frame

DOCS = Path(__file__).parents[1] / "docs"


def blocks(page: str) -> list[str]:
    """The Python of a page, block by block."""
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def model() -> AnyVL:
    """The default's language and image tokenizer with random weights."""
    parts = load_parts()
    return AnyVL(Parts(decoder=random_decoder(parts.kit), tokenizer=parts.tokenizer, kit=parts.kit))


def test_a_task_is_one_file_and_one_line(
    model: AnyVL, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(picture).save("scene.png")
    declared, asked, trained = blocks("add_a_task.md")
    names: dict[str, Any] = {"model": model}
    exec(declared, names)  # the file
    task = names["COUNTING"]
    monkeypatch.setattr(anyvl.tasks, "TASKS", (*anyvl.tasks.TASKS, task))  # the line
    answer = eval(asked, names)
    assert answer in task.output.options
    assert model.run("counting", image=[picture, picture], words="foxes") == [answer, answer]
    exec(trained, names)
    sequence, vocabulary = names["sequence"], model.kit.vocabulary
    written = [vocabulary.control("text"), *model.kit.text.encode("two"), vocabulary.control("text_end")]
    assert sequence.ids[-len(written) - 1 :].tolist() == [*written, vocabulary.control("eos")]


def test_a_kind_of_value_is_one_codec(model: AnyVL, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {}
    for block in blocks("add_a_modality.md"):
        exec(block, names)
    codec, kit, frame = names["Angle"](), model.kit, Frame(height=30, width=50)
    assert isinstance(codec, Codec)
    grammar = answer_grammar(codec, kit)
    for degrees in np.linspace(0, 359.9, 77):
        ids = codec.encode(float(degrees), kit, frame)
        assert grammar.accepts([*ids, kit.vocabulary.control("eos")])
        away = abs(codec.decode(ids, kit, frame) - degrees)
        assert min(away, 360 - away) <= 180 / kit.vocabulary.coordinate_bins + 1e-9
    monkeypatch.setattr(anyvl.tasks, "TASKS", (*anyvl.tasks.TASKS, names["HEADING"]))
    assert 0 <= model.run("heading", image=picture, words="the fox") < 360
