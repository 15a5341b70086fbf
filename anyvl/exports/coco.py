"""COCO: a data set of pictures with their instances, and the results file that COCO's evaluation reads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anyvl.errors import UnknownNameError
from anyvl.exports.run_lengths import packed, run_lengths
from anyvl.shapes import area_of, simple_parts
from anyvl.values import Frame, Instance


@dataclass(frozen=True, kw_only=True)
class Pictured:
    """A picture by file name and size, and what is in it."""

    file_name: str
    frame: Frame
    instances: Sequence[Instance]


def categories_of(pictures: Sequence[Pictured]) -> dict[str, int]:
    """COCO's category ids: every label once, in alphabetical order, from 1."""
    labels = sorted({instance.label for picture in pictures for instance in picture.instances})
    return {label: number for number, label in enumerate(labels, start=1)}


def to_coco(pictures: Sequence[Pictured], categories: Mapping[str, int] | None = None) -> dict[str, Any]:
    """A COCO data set: `images`, `annotations` and `categories`, ids from 1; every annotation also has its `score`.

    A shape without holes is a list of polygons that do not cross or overlap; one with holes is a mask in uncompressed run
    lengths, for COCO's polygons have none. An instance that is a box alone is the polygon of its box, as it is where pycocotools
    loads boxes. Boxes are [x, y, width, height]; areas are those of the exact shapes. UnknownNameError for a label without
    category.
    """
    categories = categories_of(pictures) if categories is None else categories
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, picture in enumerate(pictures, start=1):
        frame = picture.frame
        images.append({"id": image_id, "file_name": picture.file_name, "width": frame.width, "height": frame.height})
        for instance in picture.instances:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": _category(instance, categories),
                    "bbox": _box(instance),
                    "area": area_of(instance.polygons, frame) if instance.polygons else instance.bounds.area,
                    "iscrowd": 0,
                    "segmentation": _segmentation(instance),
                    "score": float(instance.score),
                }
            )
    named = [{"id": number, "name": label, "supercategory": ""} for label, number in categories.items()]
    return {"info": {}, "licenses": [], "images": images, "annotations": annotations, "categories": named}


def to_coco_results(pictures: Mapping[int, Sequence[Instance]], categories: Mapping[str, int]) -> list[dict[str, Any]]:
    """COCO's results, one row an instance, by image id: masks in compressed run lengths if any instance has polygons, else boxes.

    pycocotools tells by the first row which of the two a file holds, so a file never holds both.
    """
    outlined = any(instance.polygons for instances in pictures.values() for instance in instances)
    rows: list[dict[str, Any]] = []
    for image_id, instances in pictures.items():
        for instance in instances:
            size = [instance.frame.height, instance.frame.width]
            where: dict[str, Any] = (
                {"segmentation": {"size": size, "counts": packed(run_lengths(instance.mask()))}}
                if outlined
                else {"bbox": _box(instance)}
            )
            category = _category(instance, categories)
            rows.append({"image_id": image_id, "category_id": category, "score": float(instance.score), **where})
    return rows


def coco_file(instances: Sequence[Instance], frame: Frame, file_name: str = "") -> bytes:
    """`to_coco` of one picture as a file."""
    data = to_coco([Pictured(file_name=file_name, frame=frame, instances=instances)])
    return (json.dumps(data, ensure_ascii=False) + "\n").encode()


def _segmentation(instance: Instance) -> list[list[float]] | dict[str, Any]:
    if not instance.polygons:
        x0, y0, x1, y1 = instance.bounds.as_tuple()
        return [[x0, y0, x1, y0, x1, y1, x0, y1]]
    parts = simple_parts(instance.polygons, instance.frame)
    if not parts or any(part.holes for part in parts):  # a shape without area is an empty mask
        return {"size": [instance.frame.height, instance.frame.width], "counts": run_lengths(instance.mask())}
    return [[side for point in part.exterior for side in point] for part in parts]


def _box(instance: Instance) -> list[float]:
    box = instance.bounds
    return [box.x0, box.y0, box.width, box.height]


def _category(instance: Instance, categories: Mapping[str, int]) -> int:
    if instance.label not in categories:
        raise UnknownNameError("category", instance.label, categories)
    return categories[instance.label]
