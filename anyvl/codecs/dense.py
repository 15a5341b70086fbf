"""Dense maps: a number for every pixel, painted as a picture of plain colours (Painter, Wang et al. 2023)."""

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

from anyvl.codecs.codec import Kit
from anyvl.codecs.image import Picture
from anyvl.errors import InputError
from anyvl.grammar.terms import Term
from anyvl.values import Codes, Frame

MAP_COLOURS = (
    (26, 26, 30),
    (221, 46, 68),
    (255, 214, 60),
    (52, 120, 220),
    (84, 160, 50),
    (246, 140, 196),
    (244, 144, 12),
)
"""The colour of each number, from 0: far from one another, and such as a tokenizer trained on plain drawings holds."""


class DenseMap:
    """A map of whole numbers from 0 to 6, (height, width) of the frame, as a `Picture` in the colours of `MAP_COLOURS`.

    Numbers may be ranks (nearness) or names (which of several things); the task says which. A map 2 px high and 4 px wide that
    is 0 on the left and 1 on the right is the picture that is black on the left and red on the right. Every pixel is read back as
    the number of the nearest colour among those that fill some 3 × 3 px: blurred edges and specks are what is lost.
    """

    def encode(self, value: Int[np.ndarray, "height width"], kit: Kit, frame: Frame) -> list[int]:
        """The ids of the painted map; InputError for another size, for numbers outside 0 to 6, and without an image tokenizer."""
        most = len(MAP_COLOURS) - 1
        if value.shape != (frame.height, frame.width) or not np.issubdtype(value.dtype, np.integer):
            raise InputError(
                f"a map is an array of whole numbers of its frame's shape {(frame.height, frame.width)}, "
                f"but {value.dtype} {value.shape} came"
            )
        if value.min() < 0 or value.max() > most:
            raise InputError(f"a map holds numbers from 0 to {most}, but {value.min()} to {value.max()} came")
        return Picture().encode(painted_map(value), kit, frame)

    def decode(
        self, ids: list[int], kit: Kit, frame: Frame, probabilities: list[float] | None = None
    ) -> Int[np.ndarray, "height width"]:
        """The numbers of the frame's pixels."""
        codes: Codes = Picture().decode(ids, kit, frame)
        if kit.image is None:
            raise InputError("this checkpoint has no image tokenizer: a map cannot be read from its codes")
        numbers = read_map(kit.image.decode(codes))
        resized = Image.fromarray(numbers.astype(np.uint8)).resize(
            (frame.width, frame.height), Image.Resampling.NEAREST
        )
        return np.asarray(resized).astype(np.int64)

    def grammar(self, kit: Kit) -> Term:
        """Any picture."""
        return Picture().grammar(kit)


def painted_map(numbers: Int[np.ndarray, "height width"]) -> UInt8[np.ndarray, "height width 3"]:
    """A map as the picture that stands for it."""
    return np.array(MAP_COLOURS, np.uint8)[numbers]


def read_map(picture: UInt8[np.ndarray, "height width 3"]) -> Int[np.ndarray, "height width"]:
    """For every pixel the number of the nearest colour, of those that somewhere fill 3 × 3 px.

    Where two colours meet, an image tokenizer blurs, and what lies between them may be near a third, which is nowhere else.
    """
    away = ((picture[:, :, None].astype(np.int64) - np.array(MAP_COLOURS)) ** 2).sum(-1)
    nearest = away.argmin(-1)
    if min(nearest.shape) < 3:
        return nearest
    blocks = np.lib.stride_tricks.sliding_window_view(nearest, (3, 3)).reshape(-1, 9)
    solid = np.unique(blocks[(blocks == blocks[:, :1]).all(1), 0])
    return solid[away[:, :, solid].argmin(-1)] if len(solid) else nearest
