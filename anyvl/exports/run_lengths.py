"""Masks as COCO run lengths: how many pixels off, on, off, ..., down the columns from the top left."""

import numpy as np
from jaxtyping import Bool


def run_lengths(mask: Bool[np.ndarray, "height width"]) -> list[int]:
    """Lengths of the runs of a mask read column by column, beginning with a (maybe empty) run that is off.

    >>> run_lengths(np.array([[0, 1, 1], [0, 0, 1]], bool))
    [2, 1, 1, 2]
    """
    pixels = np.concatenate([[False], mask.T.ravel()])
    turns = np.flatnonzero(pixels[1:] != pixels[:-1])
    return np.diff([0, *turns.tolist(), mask.size]).tolist()


def packed(lengths: list[int]) -> str:
    """Run lengths as the text of COCO's result files: five bits a character; from the fourth on, differences to the last but one.

    >>> packed([2, 1, 1, 2])
    '2111'
    """
    letters = []
    for place, length in enumerate(lengths):
        rest = length - lengths[place - 2] if place > 2 else length
        more = True
        while more:
            five, rest = rest & 31, rest >> 5
            more = rest != (-1 if five & 16 else 0)
            letters.append(chr(48 + five + 32 * more))
    return "".join(letters)
