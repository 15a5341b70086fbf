"""Where a result may go, asked before it is computed; and writing it, whole or not at all."""

import io
import itertools
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from anyvl.errors import InputError, UnknownNameError
from anyvl.files import beside, write_whole

PICTURE_FORMATS: dict[str, tuple[str, dict[str, object]]] = {
    ".png": ("PNG", {}),
    ".webp": ("WEBP", {"lossless": True}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
}
"""Suffix of a picture file: Pillow's name of the format, and how to save it. Only JPEG changes pixels."""


def require_writable(path: Path) -> None:
    """InputError unless a file can be written at `path`: ask before a long computation, not after it."""
    folder = path.parent
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a file in it")
    if not folder.is_dir():
        raise InputError(f"the folder {folder} does not exist, so {path.name} cannot be written there: make it first")
    if path.exists() and not path.is_file():  # a device or a pipe is written as it is
        return
    trial = beside(path)
    try:
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise InputError(f"the folder {folder} cannot be written to ({error.strerror}): choose another") from error


def require_picture_name(path: Path) -> None:
    """UnknownNameError unless the suffix of `path` names a format that pictures can be written in."""
    if path.suffix.lower() not in PICTURE_FORMATS:
        raise UnknownNameError("picture format", path.suffix or path.name, PICTURE_FORMATS)


def picture_file(picture: Image.Image, suffix: str) -> bytes:
    """The content of a picture file of a suffix of `PICTURE_FORMATS`."""
    name, settings = PICTURE_FORMATS[suffix.lower()]
    buffer = io.BytesIO()
    picture.save(buffer, format=name, **settings)
    return buffer.getvalue()


def write_file(path: Path, content: bytes) -> None:
    """Writes all of `content` to `path` or leaves what was there before; InputError when the disk refuses."""
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    try:
        write_whole(path, lambda unfinished: unfinished.write_bytes(content))
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}): nothing was changed") from error


def picture_targets(output: Path | None, default: str, num_images: int) -> list[Path]:
    """Where a command's pictures go: `output`, or without it names like `default` that are free in this folder.

    Several pictures for one `output` get names such as painted-1.png, painted-2.png. InputError or UnknownNameError
    when one of them could not be written.
    """

    def numbered(path: Path, number: int) -> Path:
        return path.with_name(f"{path.stem}-{number}{path.suffix}")

    if output is None:
        names = itertools.chain([Path(default)], (numbered(Path(default), number) for number in itertools.count(2)))
        targets = list(itertools.islice((name for name in names if not name.exists()), num_images))
    elif num_images == 1:
        targets = [output]
    else:
        targets = [numbered(output, number) for number in range(1, num_images + 1)]
    for target in targets:
        require_picture_name(target)
        require_writable(target)
    return targets


def write_pictures(targets: Sequence[Path], images: Sequence[Image.Image]) -> None:
    """Each image to its target; all are encoded before the first is written."""
    contents = [picture_file(image, target.suffix) for target, image in zip(targets, images, strict=True)]
    for target, content in zip(targets, contents, strict=True):
        write_file(target, content)
