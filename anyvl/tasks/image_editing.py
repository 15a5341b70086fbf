"""A picture and an instruction to the region that changes and the picture afterwards.

The answer says first where it will change the picture, then paints it; the grammar copies every cell outside that region (dilated
by one cell) from the source.
"""

import numpy as np
import shapely
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageFilter

from anyvl.codecs import Chain, Picture, Region
from anyvl.sampling import Sampling
from anyvl.tasks.task import Task
from anyvl.values import Frame, Polygon

IMAGE_EDITING = Task(
    name="image_editing",
    description="change a picture as an instruction says: replace, recolour, remove, add, change the background",
    sees_picture=True,
    looks=True,
    templates=("{words}", "edit: {words}", "please {words}", "change the picture: {words}"),
    held_out_template="now {words}",
    output=Chain(Region(vertices=8), Picture()),
    metric="edit_success",
    sampling=Sampling(temperature=0.5, top_p=0.9, guidance_scale=1.5),
    guided=True,
)


def free_cells(region: tuple[Polygon, ...], frame: Frame, rows: int, columns: int) -> Bool[np.ndarray, "rows columns"]:
    """Cells of a grid over the frame that a region in px touches, and their neighbours: those an edit may repaint."""
    # rings may cross themselves: make_valid keeps what the even-odd rule fills
    shape = shapely.union_all([shapely.make_valid(shapely.Polygon(p.exterior, p.holes)) for p in region])
    x = np.linspace(0, frame.width, columns + 1)
    y = np.linspace(0, frame.height, rows + 1)
    boxes = shapely.box(x[None, :-1], y[:-1, None], x[None, 1:], y[1:, None])
    # Touching along an edge is not enough: the overlap must have an area.
    touched = shapely.area(shapely.intersection(boxes, shape)) > 1e-6 * frame.width * frame.height / (rows * columns)
    padded = np.pad(touched, 1)
    return np.logical_or.reduce([padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3)])


def cells_to_mask(cells: Bool[np.ndarray, "rows columns"], frame: Frame) -> Bool[np.ndarray, "height width"]:
    """Pixels of the frame whose centre lies in one of the cells."""
    rows, columns = cells.shape
    y = ((np.arange(frame.height) + 0.5) * rows / frame.height).astype(int)
    x = ((np.arange(frame.width) + 0.5) * columns / frame.width).astype(int)
    return cells[y[:, None], x[None, :]]


def composite(
    original: UInt8[np.ndarray, "height width 3"],
    painted: UInt8[np.ndarray, "painted_height painted_width 3"],
    cells: Bool[np.ndarray, "rows columns"],
) -> tuple[UInt8[np.ndarray, "height width 3"], Bool[np.ndarray, "height width"]]:
    """The original with the painted picture (resized to it) in the cells; and the mask of pixels that may differ.

    The seam is feathered over a quarter of a cell, inside the mask: every pixel outside is bit for bit the original's.
    """
    frame = Frame(height=original.shape[0], width=original.shape[1])
    changed = cells_to_mask(cells, frame)
    resized = Image.fromarray(painted).resize((frame.width, frame.height), Image.Resampling.BICUBIC)
    return feathered(original, np.asarray(resized), changed, seam_width(frame, *cells.shape)), changed


def seam_width(frame: Frame, rows: int, columns: int) -> int:
    """A quarter of a cell, in px: over so much inside its edge a change is mixed with what was there."""
    return max(1, round(0.25 * min(frame.height / rows, frame.width / columns)))


def feathered(
    original: UInt8[np.ndarray, "height width 3"],
    painted: UInt8[np.ndarray, "height width 3"],
    mask: Bool[np.ndarray, "height width"],
    radius: int,
) -> UInt8[np.ndarray, "height width 3"]:
    """The original with the painted picture in the mask, mixed over `radius` px inside it and nowhere outside.

    A mask nowhere so thick is mixed over less, so that somewhere the painted picture shows alone.
    """
    weight = _inner_feather(mask, radius)[..., None]
    mixed = np.rint(weight * painted.astype(np.float32) + (1 - weight) * original).astype(np.uint8)
    return np.where(mask[..., None], mixed, original)


def _inner_feather(mask: Bool[np.ndarray, "height width"], radius: int) -> Float[np.ndarray, "height width"]:
    """0 outside the mask, rising to 1 within `radius` px inside it; the picture's own border is no seam."""
    if radius == 0:
        return mask.astype(np.float32)
    padded = np.pad(mask, radius, mode="edge")
    blurred = Image.fromarray((padded * 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(radius))
    inside = np.asarray(blurred, np.float32)[radius:-radius, radius:-radius] / 255
    weight = np.clip(2 * inside - 1, 0, 1) * mask
    return weight if weight.max() == 1 or not mask.any() else _inner_feather(mask, radius // 2)
