"""Label maps: a PNG of the original size whose pixel values are instance numbers, or those of a dense map."""

import io
from collections.abc import Sequence

import numpy as np
from jaxtyping import Integer, UInt16
from PIL import Image

from anyvl.errors import InputError
from anyvl.exports.palette import colour_of
from anyvl.values import Frame, Instance

_MOST = 65535


def label_map(instances: Sequence[Instance], frame: Frame) -> UInt16[np.ndarray, "height width"]:
    """For each pixel the number of its instance, counted from 1 in the order given; 0 where there is none.

    Where instances overlap the later one is seen; lists run from large to small, so small ones stay visible.
    `label_map(...) > 0` is the mask of all of them. InputError for more than 65,535 instances.
    """
    if len(instances) > _MOST:
        raise InputError(f"a label map holds at most {_MOST} instances, but {len(instances)} came: split them")
    numbers = np.zeros((frame.height, frame.width), dtype=np.uint16)
    for number, instance in enumerate(instances, start=1):
        numbers[instance.mask()] = number
    return numbers


def png_file(instances: Sequence[Instance], frame: Frame, file_name: str = "") -> bytes:
    """`label_map` as a PNG: 8 bit with a palette to look at, or 16 bit grey from 256 instances on."""
    return map_file(label_map(instances, frame))


def map_file(numbers: Integer[np.ndarray, "height width"]) -> bytes:
    """A map of whole numbers from 0 on as a PNG whose pixel values they are: with a palette below 256, else 16 bit grey."""
    if numbers.min(initial=0) < 0 or numbers.max(initial=0) > _MOST:
        raise InputError(f"a map holds numbers from 0 to {_MOST}, but {numbers.min()} to {numbers.max()} came")
    if numbers.max(initial=0) > 255:
        picture = Image.fromarray(numbers.astype(np.uint16))
    else:
        picture = Image.fromarray(numbers.astype(np.uint8)).convert("P")
        picture.putpalette([0, 0, 0] + [channel for number in range(255) for channel in colour_of(number)])
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()
