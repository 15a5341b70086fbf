"""Whole files or none: whoever reads a file sees the old content or the new, whatever happens while it is written."""

import os
from collections.abc import Callable
from pathlib import Path


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a new file beside `path`, force it to disk, then give it the name `path`; a link stays a link.

    Errors of `write` and of the disk (OSError) come through; then `path` is as it was and nothing lies beside it.

        write_whole(Path("answer.txt"), lambda unfinished: unfinished.write_text("42"))
    """
    path = path.resolve()
    unfinished = beside(path)
    try:
        unfinished.touch()
        mode = unfinished.stat().st_mode
        write(unfinished)
        os.chmod(unfinished, mode)  # some writers (safetensors) make files of their own, for one's own eyes
        with open(unfinished, "rb") as file:
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def beside(path: Path) -> Path:
    """A hidden name in the folder of `path` that no other process uses."""
    return path.parent / f".{path.name[:100]}.{os.getpid()}.part"
