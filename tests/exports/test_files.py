"""Files appear whole or not at all."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anyvl.errors import InputError, UnknownNameError
from anyvl.exports.files import PICTURE_FORMATS, picture_file, picture_targets, require_writable, write_file


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path):
    target = tmp_path / "found.json"
    target.write_bytes(b"old")
    write_file(target, b"new")
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    target = tmp_path / "found.json"
    target.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        write_file(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "real.png", tmp_path / "link.png"
    target.touch()
    link.symlink_to(target)
    write_file(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_device_is_written_and_not_replaced():
    require_writable(Path(os.devnull))
    write_file(Path(os.devnull), b"gone")
    assert not Path(os.devnull).is_file()


def test_where_nothing_can_be_written_is_known_before(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        require_writable(tmp_path / "missing" / "a.png")
    with pytest.raises(InputError, match="is a folder"):
        require_writable(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="does not exist"):
        require_writable(tmp_path / "file" / "a.png")
    require_writable(tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("suffix", PICTURE_FORMATS)
def test_pictures_read_back(picture, suffix):
    image = Image.open(io.BytesIO(picture_file(Image.fromarray(picture), suffix)))
    assert image.size == (72, 40)
    if suffix in (".png", ".webp"):
        assert np.array_equal(np.asarray(image.convert("RGB")), picture)


def test_targets_are_free_names_unless_one_is_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [path.name for path in picture_targets(None, "painted.png", 1)] == ["painted.png"]
    (tmp_path / "painted.png").touch()
    (tmp_path / "painted-3.png").touch()
    assert [path.name for path in picture_targets(None, "painted.png", 2)] == ["painted-2.png", "painted-4.png"]
    given = tmp_path / "fox.webp"
    assert picture_targets(given, "painted.png", 1) == [given]
    assert [path.name for path in picture_targets(given, "painted.png", 2)] == ["fox-1.webp", "fox-2.webp"]
    with pytest.raises(UnknownNameError, match=r"\.png"):
        picture_targets(tmp_path / "fox.gif", "painted.png", 1)
