"""Sample sheets: rows of pictures in one PNG, to look at while a training runs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def save_sheet(rows: Sequence[Sequence[np.ndarray]], path: Path, enlarge: int = 2, gap: int = 2) -> None:
    """Write pictures, uint8 (height, width, 3), row under row, each cell as large as the largest picture."""
    cells = [picture for row in rows for picture in row]
    height, width = (max(picture.shape[axis] for picture in cells) + gap for axis in (0, 1))
    sheet = np.full((height * len(rows), width * max(map(len, rows)), 3), 255, dtype=np.uint8)
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            sheet[y * height : y * height + picture.shape[0], x * width : x * width + picture.shape[1]] = picture
    image = Image.fromarray(sheet)
    image.resize((image.width * enlarge, image.height * enlarge), Image.Resampling.NEAREST).save(path)
