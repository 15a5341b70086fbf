"""The overlay: exact enlargement, colour only where the thing is, tags inside the picture."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anyvl.errors import InputError
from anyvl.exports import overlay
from anyvl.exports.overlay import SHOWN_SIDE
from anyvl.exports.palette import colour_of, is_light
from anyvl.values import Box, Frame, Instance, Polygon


def grey(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), 128, dtype=np.uint8)


def test_small_pictures_are_enlarged_by_a_whole_factor(picture):
    image = overlay(picture, [])
    factor = image.width // 72
    assert image.size == (72 * factor, 40 * factor)
    assert max(image.size) >= SHOWN_SIDE > max(image.size) - 72
    assert np.array_equal(np.asarray(image), picture.repeat(factor, axis=0).repeat(factor, axis=1))


def test_large_pictures_keep_their_size():
    assert overlay(grey(300, 700), []).size == (700, 300)


def test_fill_stands_where_the_polygon_is_and_not_in_its_hole():
    frame = Frame(height=600, width=900)
    ring = Polygon(
        ((100, 200), (500, 200), (500, 560), (100, 560)), (((200, 300), (400, 300), (400, 460), (200, 460)),)
    )
    changed = (np.asarray(overlay(grey(600, 900), [Instance(label="x", frame=frame, polygons=(ring,))])) != 128).any(-1)
    mask = Instance(label="x", frame=frame, polygons=(ring,)).mask()
    assert changed[mask].all()
    assert not changed[310:450, 210:390].any()  # the hole, less its outline
    assert not changed[575:].any()
    assert not changed[:, 515:].any()


def test_the_original_is_left_alone(picture):
    before = picture.copy()
    overlay(picture, [Instance(label="fox", frame=Frame(40, 72), box=Box(0, 0, 72, 40))])
    assert np.array_equal(picture, before)


@settings(max_examples=40)
@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.text(max_size=60),
    st.lists(st.tuples(st.floats(0, 0.95), st.floats(0, 0.95)), min_size=1, max_size=4),
)
def test_any_label_anywhere_leaves_a_picture_of_the_right_size(height, width, label, corners):
    frame = Frame(height=height, width=width)
    instances = [
        Instance(label=label, score=0.5, frame=frame, box=Box(x * width, y * height, width, height)) for x, y in corners
    ]
    image = overlay(grey(height, width), instances)
    assert image.width % width == image.height % height == 0
    assert image.width // width == image.height // height


@pytest.mark.parametrize("x, y", [(0.0, 0.0), (0.8, 0.0), (0.0, 0.8), (0.8, 0.8)])
def test_a_tag_in_any_corner_is_whole(x, y):
    """The tag is the only place where the pure colour fills a rectangle: its area must not depend on the corner."""
    height, width = 600, 800
    frame = Frame(height=height, width=width)
    box = Box(x * width, y * height, (x + 0.2) * width, (y + 0.2) * height)

    def ink(instance: Instance) -> int:
        letters = 0 if is_light(colour_of(0)) else 255
        return int((np.asarray(overlay(grey(height, width), [instance])) == letters).all(-1).sum())

    middle = Box(0.4 * width, 0.4 * height, 0.6 * width, 0.6 * height)
    label = "a fox with a long tail"
    assert ink(Instance(label=label, frame=frame, box=box)) == ink(Instance(label=label, frame=frame, box=middle)) > 0


def test_instances_of_another_picture_are_refused(picture):
    with pytest.raises(InputError, match="72×40"):
        overlay(picture, [Instance(label="fox", frame=Frame(height=72, width=40), box=Box(0, 0, 1, 1))])
