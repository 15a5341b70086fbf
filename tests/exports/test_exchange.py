"""What other tools read of our files is what was found: read back with the real libraries, on non-square frames."""

import json

import numpy as np
import pytest
import shapely
import supervision
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from anyvl.errors import UnknownNameError
from anyvl.exports import (
    Pictured,
    categories_of,
    data_yaml,
    exporter,
    to_coco,
    to_coco_results,
    to_florence,
    to_geojson,
    to_labelme,
    to_supervision,
    to_yolo,
)
from anyvl.exports.run_lengths import packed, run_lengths
from anyvl.geometry import rasterise
from anyvl.shapes import area_of, simple_parts
from anyvl.values import Box, Frame, Instance, Polygon

FRAME = Frame(height=30, width=50)
HOLED = Polygon(((4, 2), (24, 2), (24, 22), (4, 22)), (((10, 8), (18, 8), (18, 16), (10, 16)),))
PART = Polygon(((40, 5), (49, 5), (44, 29)))
BOW_TIE = Polygon(((2, 24), (30, 29), (30, 24), (2, 29)))
RING = Instance(label="ring", score=0.75, frame=FRAME, polygons=(HOLED, PART))
TIE = Instance(label="bow tie", frame=FRAME, polygons=(BOW_TIE, PART))
SLIVERS = Instance(  # of which an exact union fails
    label="slivers",
    frame=Frame(height=2, width=2),
    polygons=(
        Polygon(
            ((0.16, 0.924), (0.004, 0.0), (0.0, 0.0), (0.0, 0.35)),
            (
                ((1.778, 1.88), (0.014, 0.0), (0.16, 0.924), (0.004, 0.0), (0.0, 0.0), (0.0, 0.352)),
                ((0.0, 0.352), (0.014, 0.0), (0.0, 0.01), (0.016, 0.0), (0.0, 0.008)),
            ),
        ),
        Polygon(((0.0, 0.01), (0.0, 0.352), (0.014, 0.0), (0.016, 0.0))),
    ),
)
FOX = Instance(label="fox", score=0.5, frame=FRAME, box=Box(30.25, 10, 45.5, 28))

thousandths = st.integers(0, 1000)
rings = st.lists(st.tuples(thousandths, thousandths), min_size=3, max_size=7, unique=True)


@st.composite
def outlined(draw) -> Instance:
    """An instance of one to three parts with up to two holes each; anything may cross anything."""
    frame = Frame(height=draw(st.integers(2, 40)), width=draw(st.integers(2, 40)))

    def ring() -> tuple[tuple[float, float], ...]:
        return tuple((x * frame.width / 1000, y * frame.height / 1000) for x, y in draw(rings))

    parts = tuple(
        Polygon(ring(), tuple(ring() for _ in range(draw(st.integers(0, 2))))) for _ in range(draw(st.integers(1, 3)))
    )
    whole = Box(0, 0, frame.width, frame.height)
    return Instance(label="thing", score=0.25, frame=frame, box=whole, polygons=parts)


def assert_same(mask: np.ndarray, instance: Instance, within_px: float) -> None:
    """The mask is the instance's but for pixels whose centre lies this near to one of its edges."""
    lines = [shapely.LinearRing(ring) for polygon in instance.polygons for ring in polygon.rings]
    rows, columns = np.nonzero(mask != instance.mask())
    centres = shapely.points(columns + 0.5, rows + 0.5)
    assert (shapely.distance(shapely.union_all(lines), centres) <= within_px).all()


def filled(rings_px, frame: Frame) -> np.ndarray:
    return rasterise(rings_px, frame.height, frame.width)


def loaded(data: dict) -> COCO:
    coco = COCO()
    coco.dataset = data
    coco.createIndex()
    return coco


@given(outlined())
@example(RING)
@example(TIE)
def test_simple_parts_fill_the_same_without_crossing_or_overlapping(instance):
    parts = simple_parts(instance.polygons, instance.frame)
    shapes = [shapely.Polygon(part.exterior, part.holes) for part in parts]
    assert all(shape.is_valid for shape in shapes)
    assert sum(shape.area for shape in shapes) == pytest.approx(area_of(instance.polygons, instance.frame), abs=1e-4)
    mask = np.zeros((instance.frame.height, instance.frame.width), bool)
    for part in parts:
        again = filled(part.rings, instance.frame)
        assert not (mask & again).any()
        mask |= again
    assert_same(mask, instance, 1e-6)


@given(arrays.arrays(bool, arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=30)))
def test_run_lengths_are_those_of_pycocotools(mask):
    theirs = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert packed(run_lengths(mask)).encode() == theirs["counts"]
    height, width = mask.shape
    again = coco_mask.frPyObjects({"size": [height, width], "counts": run_lengths(mask)}, height, width)
    assert np.array_equal(coco_mask.decode(again), mask)


@given(outlined())
@example(RING)
@example(TIE)
def test_pycocotools_decodes_the_mask_and_agrees_on_area_and_iou(instance):
    data = to_coco([Pictured(file_name="a.png", frame=instance.frame, instances=[instance])])
    coco = loaded(json.loads(json.dumps(data)))
    (annotation,) = coco.loadAnns(coco.getAnnIds())
    mask = coco.annToMask(annotation).astype(bool)
    if isinstance(annotation["segmentation"], dict):
        assert np.array_equal(mask, instance.mask())
    else:  # pycocotools rounds corners to a fifth of a pixel and counts a pixel by its edge
        assert_same(mask, instance, 1.0)
    assert annotation["area"] == pytest.approx(area_of(instance.polygons, instance.frame))
    rows = to_coco_results({1: [instance]}, {"thing": 1, "ring": 1, "bow tie": 1})
    found = loaded({**data, "annotations": [{**annotation, "category_id": 1}]}).loadRes(rows)
    (result,) = found.loadAnns(found.getAnnIds())
    exact = instance.mask()
    assert np.array_equal(found.annToMask(result), exact)
    assert result["area"] == exact.sum()
    if exact.any() and mask.any():
        own = np.logical_and(mask, exact).sum() / np.logical_or(mask, exact).sum()
        theirs = coco_mask.iou([coco.annToRLE(annotation)], [result["segmentation"]], [0])
        assert theirs[0, 0] == pytest.approx(own)


def test_coco_has_polygons_without_holes_and_run_lengths_with_them():
    data = to_coco([Pictured(file_name="a.png", frame=FRAME, instances=[RING, TIE, FOX])])
    ring, tie, fox = data["annotations"]
    assert ring["segmentation"]["size"] == [30, 50]
    assert len(tie["segmentation"]) == 3, "two triangles of the bow tie and the part"
    assert fox["segmentation"] == [[30.25, 10, 45.5, 10, 45.5, 28, 30.25, 28]]
    assert (fox["bbox"], fox["area"], fox["score"]) == ([30.25, 10, 15.25, 18], 15.25 * 18, 0.5)
    assert [row["name"] for row in data["categories"]] == ["bow tie", "fox", "ring"]
    assert data["images"] == [{"id": 1, "file_name": "a.png", "width": 50, "height": 30}]


def test_results_are_all_boxes_or_all_masks():
    categories = {"fox": 1, "ring": 2}
    assert to_coco_results({7: [FOX]}, categories) == [
        {"image_id": 7, "category_id": 1, "score": 0.5, "bbox": [30.25, 10, 15.25, 18]}
    ]
    assert all("segmentation" in row for row in to_coco_results({7: [FOX], 8: [RING]}, categories))


def test_coco_of_several_pictures_numbers_all_and_names_unknown_labels():
    one, other = (Pictured(file_name=f"{i}.png", frame=FRAME, instances=[FOX, RING][i:]) for i in range(2))
    data = to_coco([one, other])
    assert [(row["id"], row["image_id"]) for row in data["annotations"]] == [(1, 1), (2, 1), (3, 2)]
    assert categories_of([one, other]) == {"fox": 1, "ring": 2}
    with pytest.raises(UnknownNameError, match="ring"):
        to_coco([one], {"fox": 1})


@given(outlined())
@example(RING)
@example(TIE)
def test_one_yolo_ring_fills_what_all_parts_do(instance):
    written = to_yolo([instance], instance.frame)
    if not written:
        assert not simple_parts(instance.polygons, instance.frame)
        return
    number, *values = written.split()
    assert number == "0"
    points = np.array(values, float).reshape(-1, 2) * (instance.frame.width, instance.frame.height)
    assert_same(filled([points], instance.frame), instance, 1e-3)


def test_yolo_has_boxes_where_there_is_nothing_else_and_named_classes():
    assert to_yolo([FOX], FRAME, ["bear", "fox"]) == "1 0.7575 0.633333 0.305 0.6\n"
    lines = to_yolo([RING, FOX], FRAME).splitlines()
    assert [line.split()[0] for line in lines] == ["1", "0"]
    assert len(lines[1].split()) == 9, "beside outlines a box is an outline too"
    assert '1: "fox"' in data_yaml(["bear", "fox"])
    with pytest.raises(UnknownNameError, match="bear"):
        to_yolo([FOX], FRAME, ["bear"])


@given(outlined())
@example(RING)
@example(TIE)
def test_labelme_and_florence_fill_the_same(instance):
    frame = instance.frame
    shapes = to_labelme([instance], frame, "a.png")["shapes"]
    (parts,) = to_florence([instance], frame)["<REFERRING_EXPRESSION_SEGMENTATION>"]["polygons"]
    for polygons in ([shape["points"] for shape in shapes], [np.reshape(part, (-1, 2)) for part in parts]):
        mask = np.zeros((frame.height, frame.width), bool)
        for points in polygons:
            mask |= filled([points], frame)
        assert_same(mask, instance, 1e-6)
    assert {shape["group_id"] for shape in shapes} <= ({1} if len(shapes) > 1 else {None})


@given(outlined())
@example(RING)
@example(TIE)
@example(SLIVERS)
def test_geojson_is_valid_and_turns_as_the_standard_says(instance):
    for transform in ((1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (0.5, 0.1, 300.0, 0.0, -0.5, 40.0)):
        (feature,) = to_geojson([instance], instance.frame, transform)["features"]
        if feature["geometry"] is None:
            assert not simple_parts(instance.polygons, instance.frame)
            continue
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.is_valid
        for part in shapely.get_parts(shape):
            assert part.exterior.is_ccw and not any(hole.is_ccw for hole in part.interiors)
        if simple_parts(instance.polygons, instance.frame):
            scale = abs(transform[0] * transform[4] - transform[1] * transform[3])
            assert shape.area == pytest.approx(scale * area_of(instance.polygons, instance.frame), abs=1e-4)
        (x, y), *_ = shapely.get_coordinates(shape)
        assert feature["properties"]["label"] == instance.label and np.isfinite([x, y]).all()


def test_supervision_holds_boxes_masks_scores_and_names():
    detections = to_supervision([RING, FOX], FRAME)
    assert np.allclose(detections.xyxy, [RING.bounds.as_tuple(), FOX.bounds.as_tuple()])
    assert np.array_equal(detections.mask, [RING.mask(), FOX.mask()])
    assert detections.area.tolist() == [RING.mask().sum(), FOX.mask().sum()]
    assert detections.confidence.tolist() == [0.75, 0.5]
    assert detections["class_name"].tolist() == ["ring", "fox"] and detections.class_id.tolist() == [1, 0]
    assert to_supervision([FOX], FRAME).mask is None and len(to_supervision([], FRAME)) == 0
    with pytest.raises(UnknownNameError, match="fox"):
        to_supervision([FOX], FRAME, ["bear"])


def test_supervision_reads_what_we_write_as_florence():
    result = to_florence([FOX], FRAME, task="<OD>")
    detections = supervision.Detections.from_vlm(supervision.VLM.FLORENCE_2, result=result, resolution_wh=(50, 30))
    assert np.allclose(detections.xyxy, [FOX.bounds.as_tuple()])
    assert detections["class_name"].tolist() == ["fox"]


def test_the_task_of_florence_says_what_is_in_its_dict():
    for task, content in (("<OD>", "bboxes"), ("<REFERRING_EXPRESSION_SEGMENTATION>", "polygons")):
        for instances in ([], [FOX], [RING, FOX]):
            (key, found), *_ = to_florence(instances, FRAME, task).items()
            assert key == task and len(found[content]) == len(found["labels"]) == len(instances)
    with pytest.raises(UnknownNameError, match="<OD>"):
        to_florence([FOX], FRAME, "<CAPTION>")


def test_shapes_are_cut_at_the_frame():
    out = Instance(label="out", frame=FRAME, polygons=(Polygon(((-20, 5), (20, 5), (20, 60))),))
    for ring in (simple_parts(out.polygons, FRAME)[0].exterior, np.reshape(to_yolo([out], FRAME).split()[1:], (-1, 2))):
        points = np.array(ring, float) * ((1, 1) if isinstance(ring, tuple) else (FRAME.width, FRAME.height))
        assert points.min() >= 0 and (points <= (FRAME.width, FRAME.height)).all()
        assert_same(filled([points], FRAME), out, 1e-3)


@pytest.mark.parametrize("name", ("coco", "labelme", "geojson", "florence"))
def test_files_are_json_and_name_their_picture(name):
    written = exporter(name)([RING, FOX], FRAME, "deer.png").decode()
    assert json.loads(written)
    assert ("deer.png" in written) == (name in ("coco", "labelme"))
