"""A file is written whole or not at all."""

from pathlib import Path

import pytest

from anyvl.files import write_whole


def test_a_failed_write_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"

    def fail(unfinished: Path) -> None:
        unfinished.write_text("half")
        raise KeyboardInterrupt

    for before in (None, "old"):
        if before:
            path.write_text(before)
        with pytest.raises(KeyboardInterrupt):
            write_whole(path, fail)
        assert [file.read_text() for file in tmp_path.iterdir()] == ([before] if before else [])


def test_writes_through_a_link_with_the_mode_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "real").touch()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    def private(unfinished: Path) -> None:
        unfinished.unlink()
        unfinished.touch(mode=0o600)
        unfinished.write_text("new")

    write_whole(tmp_path / "link", private)
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "new"
    (tmp_path / "plain").touch()
    assert (tmp_path / "real").stat().st_mode == (tmp_path / "plain").stat().st_mode
