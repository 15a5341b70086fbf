"""What tests of the command line share: a fake model, and a folder with a photo."""

import sys
import types

import pytest
from PIL import Image


@pytest.fixture
def model(monkeypatch, tmp_path):
    """The fake model that every command loads; the test runs in an empty folder."""
    from fake_model import FakeModel

    fake = FakeModel()
    pipeline = types.ModuleType("anyvl.pipeline")
    pipeline.AnyVL = fake  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "anyvl.pipeline", pipeline)
    monkeypatch.chdir(tmp_path)
    return fake


@pytest.fixture
def photo(model, tmp_path, picture) -> str:
    """The name of a picture file in the folder."""
    Image.fromarray(picture).save(tmp_path / "photo.png")
    return "photo.png"
