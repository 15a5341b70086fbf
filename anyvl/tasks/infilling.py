"""A picture with hidden cells, and words for the whole of it, to the picture (OFA, Wang et al. 2022; inpainting)."""

import numpy as np
from jaxtyping import Bool

from anyvl.codecs import Picture
from anyvl.sampling import Sampling
from anyvl.tasks.task import Task

INFILLING = Task(
    name="infilling",
    description="paint the hidden part of a picture, as words say or as the rest suggests",
    sees_picture=True,
    hides_cells=True,
    templates=("{words}", "fill in: {words}", "complete the picture: {words}"),
    held_out_template="paint what is missing: {words}",
    output=Picture(),
    metric="judge_accuracy",
    sampling=Sampling(temperature=0.7, top_p=0.9, guidance_scale=2.0),
    guided=True,
)


def cells_under(hidden: Bool[np.ndarray, "height width"], rows: int, columns: int) -> Bool[np.ndarray, "rows columns"]:
    """The cells of a grid over a picture that have a hidden pixel."""
    height, width = hidden.shape
    y = ((np.arange(height) + 0.5) * rows / height).astype(int)
    x = ((np.arange(width) + 0.5) * columns / width).astype(int)
    down, across = np.nonzero(hidden)
    cells = np.zeros((rows, columns), dtype=bool)
    cells[y[down], x[across]] = True
    return cells
