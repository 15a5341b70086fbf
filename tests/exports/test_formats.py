"""Laws of the exporters, on non-square frames: what is written can be read back and lies where it was found."""

import io
import json
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from anyvl.errors import UnknownNameError
from anyvl.exports import EXPORTERS, exporter, label_map, to_json, to_svg
from anyvl.exports.palette import PALETTE
from anyvl.values import Box, Frame, Instance, Polygon

SVG = "{http://www.w3.org/2000/svg}"
FRAME = Frame(height=30, width=50)
HOLED = Polygon(((4, 2), (24, 2), (24, 22), (4, 22)), (((10, 8), (18, 8), (18, 16), (10, 16)),))
PART = Polygon(((40, 5), (49, 5), (44, 29)))
RING = Instance(label="ring", score=0.75, frame=FRAME, polygons=(HOLED, PART))
BOX = Instance(label="fox", frame=FRAME, box=Box(30.25, 10, 45.5, 28))

coordinates = st.floats(0, 1, allow_nan=False, width=32)
rings = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=8, unique=True)


@st.composite
def found(draw) -> list[Instance]:
    frame = Frame(height=draw(st.integers(1, 60)), width=draw(st.integers(1, 60)))
    instances = []
    for label in draw(st.lists(st.text(max_size=12), max_size=3)):
        x0, y0 = draw(coordinates) * 0.5 * frame.width, draw(coordinates) * 0.5 * frame.height
        box = Box(x0, y0, x0 + frame.width / 4, y0 + frame.height / 4)
        polygons = tuple(
            Polygon(tuple((x * frame.width, y * frame.height) for x, y in draw(rings)))
            for _ in range(draw(st.integers(0, 2)))
        )
        instances.append(Instance(label=label, score=draw(coordinates), frame=frame, box=box, polygons=polygons))
    return instances


@given(found())
def test_json_gives_back_every_instance_exactly(instances):
    frame = instances[0].frame if instances else FRAME
    written = json.loads(exporter("json")(instances, frame, "").decode())
    assert written == to_json(instances, frame)
    assert written["image"] == {"width": frame.width, "height": frame.height}
    again = [
        Instance(
            label=row["label"],
            score=row["score"],
            frame=frame,
            box=Box(*row["box"]),
            polygons=tuple(Polygon.from_arrays(part["exterior"], part["holes"]) for part in row["polygons"]),
        )
        for row in written["instances"]
    ]
    assert again == instances


def test_json_is_the_documented_object():
    assert to_json([RING], FRAME)["instances"] == [
        {
            "label": "ring",
            "score": 0.75,
            "box": [4.0, 2.0, 49.0, 29.0],
            "polygons": [
                {
                    "exterior": [[4.0, 2.0], [24.0, 2.0], [24.0, 22.0], [4.0, 22.0]],
                    "holes": [[[10.0, 8.0], [18.0, 8.0], [18.0, 16.0], [10.0, 16.0]]],
                },
                {"exterior": [[40.0, 5.0], [49.0, 5.0], [44.0, 29.0]], "holes": []},
            ],
        }
    ]


@given(found())
def test_svg_is_well_formed_whatever_the_label(instances):
    frame = instances[0].frame if instances else FRAME
    root = ElementTree.fromstring(to_svg(instances, frame))
    assert root.get("viewBox") == f"0 0 {frame.width} {frame.height}"
    assert len(root.findall(f"{SVG}g")) == len(instances)


def test_svg_draws_every_ring_and_keeps_holes_open():
    ring, box = ElementTree.fromstring(to_svg([RING, BOX], FRAME)).findall(f"{SVG}g")
    paths = ring.findall(f"{SVG}path")
    assert [path.get("fill-rule") for path in paths] == ["evenodd", "evenodd"]
    subpaths = re.findall("M([^Z]*)Z", "".join(path.get("d", "") for path in paths))
    drawn = [tuple(tuple(map(float, point.split())) for point in subpath.split("L")) for subpath in subpaths]
    assert drawn == [*HOLED.rings, *PART.rings]
    rectangle = box.find(f"{SVG}rect")
    assert rectangle is not None
    assert [rectangle.get(name) for name in ("x", "y", "width", "height")] == ["30.25", "10", "15.25", "18"]
    assert (ring.findtext(f"{SVG}title"), box.findtext(f"{SVG}title")) == ("ring 0.75", "fox 1.00")


def test_label_map_holds_masks_and_later_ones_are_seen():
    numbers = label_map([RING, BOX], FRAME)
    assert numbers.shape == (30, 50)
    assert np.array_equal(numbers == 2, BOX.mask())
    assert np.array_equal(numbers == 1, RING.mask() & ~BOX.mask())
    assert numbers[12, 14] == 0  # in the hole


def test_png_reads_back_as_the_label_map():
    image = Image.open(io.BytesIO(exporter("png")([RING, BOX], FRAME, "")))
    assert (image.mode, image.size) == ("P", (50, 30))
    assert np.array_equal(np.asarray(image), label_map([RING, BOX], FRAME))
    assert image.convert("RGB").getpixel((5, 3)) == PALETTE[0]


def test_png_has_room_for_many_instances():
    frame = Frame(height=3, width=300)
    many = [Instance(label="", frame=frame, box=Box(x, 0, x + 1, 3)) for x in range(300)]
    image = Image.open(io.BytesIO(exporter("png")(many, frame, "")))
    assert np.array_equal(np.asarray(image), label_map(many, frame))
    assert np.asarray(image)[1].tolist() == list(range(1, 301))


def test_nothing_found_is_still_a_file():
    assert all((exporter(name)([], FRAME, "a.png") == b"") == (name == "yolo") for name in EXPORTERS)


def test_an_unknown_format_names_the_others():
    with pytest.raises(UnknownNameError, match="use one of 'png'"):
        exporter("pmg")
