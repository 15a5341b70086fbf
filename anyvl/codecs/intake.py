"""Intake: any picture a user may hand over, as one uint8 RGB array, or one sentence that says why not."""

import io
import os
import struct
from typing import IO, cast

import numpy as np
from jaxtyping import Num, Shaped, UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from anyvl.errors import InputError

MOST_PIXELS = 64_000_000
"""Pictures with more pixels are refused before they are decoded."""
_MOST_SIDE = 16_383
"""Longest side of a picture that is written, in px: the most that every format takes."""

WHITE, BLACK = 255, 0
Source = str | os.PathLike[str] | io.IOBase | Image.Image | np.ndarray

# What Pillow's readers raise on bytes that are broken in one way or another.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    NotImplementedError,
    struct.error,
)


def open_picture(source: Source, paper: int = WHITE) -> UInt8[np.ndarray, "height width 3"]:
    """A path, an open file, a Pillow image or an array as red, green, blue from 0 to 255, turned upright.

    EXIF turns are applied; transparency is laid on `paper`, white or black; 16-bit values are scaled; palettes, greyscale,
    CMYK and other colour models become RGB; of several frames the first is taken. An array is (height, width) or (height,
    width, 1, 3 or 4) of bool, uint8, uint16 or floats from 0 to 1.

    Raises InputError, naming the file, for anything that is missing, no picture, cut short, or larger than 64 Mpx.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, paper)
    if isinstance(source, Image.Image):
        return _from_image(source, "the picture", paper)
    if isinstance(source, str | os.PathLike):
        name = os.fspath(source)
        if not os.path.isfile(name):
            raise InputError(f"expected a picture file, but {name} is {_what_stands_at(name)}")
        if os.path.getsize(name) == 0:
            raise InputError(f"expected a picture file, but {name} is empty (0 bytes)")
    elif isinstance(source, io.IOBase):
        name = str(getattr(source, "name", "the open file"))
    else:
        raise InputError(
            f"a picture is a path, an open file, a Pillow image or an array, but a {type(source).__name__} came"
        )
    try:
        image = Image.open(cast(str | IO[bytes], source))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        raise InputError(_too_large(name)) from problem
    except UnidentifiedImageError as problem:
        raise InputError(f"{name} is no picture in a format that can be read, such as PNG, JPEG or WebP") from problem
    except _BROKEN as problem:
        raise InputError(f"{name} cannot be read as a picture: {problem}") from problem
    with image:
        return _from_image(image, name, paper)


def _from_image(image: Image.Image, name: str, paper: int) -> UInt8[np.ndarray, "height width 3"]:
    if image.width * image.height > MOST_PIXELS:
        raise InputError(_too_large(name, image.width, image.height))
    if image.width * image.height == 0:
        raise InputError(f"{name} has no pixels: its size is {image.width} x {image.height}")
    try:
        image.load()
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I") or upright.mode == "F":
            return _from_array(_unsigned(np.asarray(upright), name), paper)
        if upright.has_transparency_data:
            colours = upright.convert("RGBA")
            sheet = Image.new("RGBA", colours.size, (paper, paper, paper, 255))
            upright = Image.alpha_composite(sheet, colours)
        return np.array(upright.convert("RGB"))
    except InputError:
        raise
    except _BROKEN as problem:
        raise InputError(f"{name} is damaged or cut short and cannot be read to its end: {problem}") from problem


def _unsigned(values: Num[np.ndarray, "height width"], name: str) -> Num[np.ndarray, "height width"]:
    """Pillow's wide greyscale (16-bit, 32-bit integers that hold 16 bits, floats) as uint16 or floats from 0 to 1."""
    if values.dtype.kind == "f":
        return values
    if values.min() < 0 or values.max() > 65535:
        raise InputError(
            f"{name} has values from {values.min()} to {values.max()}; save it with 8 or 16 bits a channel"
        )
    return values.astype(np.uint16)


def _from_array(values: Shaped[np.ndarray, "..."], paper: int) -> UInt8[np.ndarray, "height width 3"]:
    if not (values.ndim == 2 or (values.ndim == 3 and values.shape[2] in (1, 3, 4))) or values.size == 0:
        raise InputError(
            "an array picture has the shape (height, width) or (height, width, 1, 3 or 4), "
            f"but {values.shape} came; channels stand last"
        )
    height, width = values.shape[:2]
    if height * width > MOST_PIXELS:
        raise InputError(_too_large("the picture", width, height))
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * np.uint8(255)
    elif values.dtype == np.uint16:
        values = np.rint(values / np.float32(257)).astype(np.uint8)
    elif values.dtype.kind == "f":
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            raise InputError("an array picture of floats holds values from 0 to 1; others, or none, came")
        values = np.rint(values * 255).astype(np.uint8)
    elif values.dtype != np.uint8:
        raise InputError(f"an array picture is of bool, uint8, uint16 or floats from 0 to 1, but {values.dtype} came")
    values = values.reshape(height, width, -1)
    if values.shape[2] == 4:
        alpha = values[..., 3:].astype(np.float32) / 255
        values = np.rint(values[..., :3] * alpha + paper * (1 - alpha)).astype(np.uint8)
    return np.array(np.broadcast_to(values, (height, width, 3)))


def _what_stands_at(name: str) -> str:
    return "a folder" if os.path.isdir(name) else "not there"


def _too_large(name: str, width: int | None = None, height: int | None = None) -> str:
    size = "" if width is None else f" ({width} x {height})"
    return (
        f"{name} has too many pixels{size}: at most {MOST_PIXELS // 1_000_000} million are read; make it smaller first"
    )


def require_writable(height: int, width: int) -> None:
    """InputError for a picture that is larger than every format takes, or than we read again."""
    if max(height, width) > _MOST_SIDE or height * width > MOST_PIXELS:
        raise InputError(
            f"a picture has at most {_MOST_SIDE} px a side and {MOST_PIXELS // 1_000_000} million in all, "
            f"but height {height}, width {width} came"
        )
