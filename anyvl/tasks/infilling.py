"""A picture with hidden cells, and words for the whole of it, to the picture (OFA, Wang et al. 2022; inpainting)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from anyvl.codecs import Picture, open_picture
from anyvl.codecs.intake import BLACK, Source
from anyvl.errors import InputError
from anyvl.sampling import Sampling
from anyvl.tasks.task import Task
from anyvl.values import Box, Frame

INFILLING = Task(
    name="infilling",
    description="paint the hidden part of a picture, as words say or as the rest suggests",
    sees_picture=True,
    hides_cells=True,
    templates=("{words}", "fill in: {words}", "complete the picture: {words}"),
    held_out_template="paint what is missing: {words}",
    output=Picture(),
    metric="judge_accuracy",
    sampling=Sampling(temperature=0.5, top_p=0.9, guidance_scale=1.5),
    guided=True,
)


Hole = Box | Sequence[float] | Source
"""The hidden part of a picture: a box (x0, y0, x1, y1) in its px, or a picture of its size, white where hidden."""


def is_box(hole: Any) -> bool:
    """Whether it is four numbers, or a `Box`."""
    return isinstance(hole, Box) or (
        isinstance(hole, Sequence)
        and not isinstance(hole, str)
        and len(hole) == 4
        and all(isinstance(side, int | float) for side in hole)
    )


def hidden_pixels(hole: Hole, frame: Frame) -> Bool[np.ndarray, "height width"]:
    """The pixels of a picture whose centre lies in a box, or where a mask is white: above 127 of 255; where it is
    transparent it hides nothing.

    InputError for a mask of another size, and where nothing is hidden.
    """
    if is_box(hole):
        x0, y0, x1, y1 = (hole if isinstance(hole, Box) else Box(*hole)).as_tuple()  # type: ignore[misc]
        x, y = np.arange(frame.width) + 0.5, np.arange(frame.height) + 0.5
        hidden = ((y0 <= y) & (y < y1))[:, None] & ((x0 <= x) & (x < x1))
    else:
        mask = open_picture(hole, paper=BLACK)  # type: ignore[arg-type]
        if mask.shape[:2] != (frame.height, frame.width):
            raise InputError(
                f"a mask is as large as its picture, {frame.height} px high and {frame.width} px wide, but one of "
                f"{mask.shape[0]} x {mask.shape[1]} px came"
            )
        hidden = mask.mean(-1) > 127.5
    if not hidden.any():
        size = f"{frame.height} px high and {frame.width} px wide"
        why = (
            f"the box lies outside a picture {size}, or between its pixels"
            if is_box(hole)
            else "the mask is nowhere white"
        )
        raise InputError(f"there is nothing to paint: {why}")
    return hidden


def covered(
    picture: UInt8[np.ndarray, "height width 3"], hidden: Bool[np.ndarray, "height width"]
) -> UInt8[np.ndarray, "height width 3"]:
    """The picture with its hidden pixels in the mean colour of the others, so that nothing of them reaches its codes."""
    visible = picture[~hidden]
    colour = visible.mean(0).round().astype(np.uint8) if len(visible) else np.full(3, 128, np.uint8)
    return np.where(hidden[..., None], colour, picture)


def filled(
    original: UInt8[np.ndarray, "height width 3"],
    painted: UInt8[np.ndarray, "painted_height painted_width 3"],
    hidden: Bool[np.ndarray, "height width"],
) -> UInt8[np.ndarray, "height width 3"]:
    """The original with the painted picture, resized to it, in the hidden pixels, of which nothing is mixed in."""
    height, width = hidden.shape
    resized = np.asarray(Image.fromarray(painted).resize((width, height), Image.Resampling.BICUBIC))
    return np.where(hidden[..., None], resized, original)


def cells_under(hidden: Bool[np.ndarray, "height width"], rows: int, columns: int) -> Bool[np.ndarray, "rows columns"]:
    """The cells of a grid over a picture that have a hidden pixel."""
    height, width = hidden.shape
    y = ((np.arange(height) + 0.5) * rows / height).astype(int)
    x = ((np.arange(width) + 0.5) * columns / width).astype(int)
    down, across = np.nonzero(hidden)
    cells = np.zeros((rows, columns), dtype=bool)
    cells[y[down], x[across]] = True
    return cells
