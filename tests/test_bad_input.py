"""Every way of holding it wrong ends with one clear sentence and exit code 2, and nothing is written."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anyvl.checkpoint import DEFAULT_FOLDER
from anyvl.cli import main
from anyvl.pipeline import AnyVL

Run = Callable[..., str]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command that must be refused; returns what it said."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        before = sorted(tmp_path.rglob("*"))
        code = main(list(arguments))
        out, said = capsys.readouterr()
        lines = [line for line in said.splitlines() if "warning:" not in line]
        assert code == 2, (code, said)
        assert out == "" and len(lines) == 1 and "Traceback" not in said, said
        assert sorted(tmp_path.rglob("*")) == before, "something was written or lost"
        return lines[0]

    return run


@pytest.fixture
def picture_file(tmp_path: Path, picture: np.ndarray) -> str:
    Image.fromarray(picture).save(tmp_path / "picture.png")
    return "picture.png"


@pytest.fixture
def broken_model(tmp_path: Path) -> Path:
    shutil.copytree(DEFAULT_FOLDER, tmp_path / "model")
    return tmp_path / "model"


def test_pictures_that_are_none(refused: Run, tmp_path: Path, picture: np.ndarray) -> None:
    assert "nowhere.png" in refused("caption", "nowhere.png")
    (tmp_path / "empty.png").write_bytes(b"")
    assert "empty.png" in refused("segment", "empty.png", "the fox")
    (tmp_path / "words.png").write_text("these are words")
    assert "words.png" in refused("edit", "words.png", "remove the fox")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)).save(tmp_path / "cut.jpg")
    whole = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    assert "cut.jpg" in refused("detect", "cut.jpg")
    Image.new("1", (20_000, 20_000)).save(tmp_path / "vast.png")
    assert "vast.png" in refused("caption", "vast.png")


def test_one_pixel_is_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (1, 1), "red").save("dot.png")
    assert main(["segment", "dot.png", "the fox", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["image"] == {"width": 1, "height": 1}
    assert main(["edit", "dot.png", "make the background navy", "--seed", "0", "-o", "out.png"]) == 0
    with Image.open("out.png") as edited:
        assert edited.size == (1, 1)


def test_models_that_are_none(refused: Run, broken_model: Path) -> None:
    assert "nowhere" in refused("generate", "a fox", "--model", "nowhere")
    weights = broken_model / "decoder" / "model.safetensors"
    whole = weights.read_bytes()
    weights.unlink()
    assert "model.safetensors is missing" in refused("generate", "a fox", "--model", "model")
    weights.write_bytes(whole[: len(whole) // 2])
    assert "damaged" in refused("generate", "a fox", "--model", "model")
    weights.write_bytes(whole)
    index = broken_model / "model_index.json"
    fields = json.loads(index.read_text())
    fields["language"]["language_version"] = 99
    index.write_text(json.dumps(fields))
    assert "99" in refused("generate", "a fox", "--model", "model")
    index.write_text("{")
    assert "model_index.json" in refused("generate", "a fox", "--model", "model")


def test_words_that_cannot_be_used(refused: Run, picture_file: str) -> None:
    assert "empty" in refused("generate", "")
    assert "empty" in refused("segment", picture_file, "   ")
    assert "too long" in refused("generate", "a red fox " * 10_000)
    assert "too long" in refused("edit", picture_file, "replace the fox with a cat " * 4_000)


def test_places_that_cannot_be_written(refused: Run, picture_file: str, tmp_path: Path) -> None:
    assert "missing" in refused("generate", "a fox", "-o", "missing/fox.png")
    (tmp_path / "folder.png").mkdir()
    assert "folder.png" in refused("generate", "a fox", "-o", "folder.png")
    assert "missing" in refused("segment", picture_file, "the fox", "--overlay", "missing/overlay.png")


def test_flags_and_formats_that_are_none(refused: Run, picture_file: str) -> None:
    assert "--seeds" in refused("generate", "a fox", "--seeds", "3")
    assert "paint" in refused("paint", "a fox")
    assert "cococo" in refused("segment", picture_file, "the fox", "--format", "cococo")
    assert "float99" in refused("generate", "a fox", "--dtype", "float99")
    assert "device" in refused("generate", "a fox", "--device", "cuda:77")
    refused("generate", "a fox", "--num-images", "0")


def test_a_decoder_without_an_image_tokenizer(refused: Run) -> None:
    config = str(Path(__file__).parents[1] / "configs" / "decoder_default.py")
    said = refused("train", config, "--set", "image_tokenizer=nowhere/image_tokenizer")
    assert "nowhere/image_tokenizer" in said and "configs/vqgan_default.py" in said


@pytest.mark.parametrize("command", [("generate", " "), ("edit", "picture.png", ""), ("segment", "picture.png", "\t")])
def test_no_words_are_told_before_a_model_is_loaded(
    refused: Run, picture_file: str, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AnyVL, "from_pretrained", lambda *_, **__: pytest.fail("loaded"))
    assert "prompt is empty" in refused(*command)
