"""YOLO label files: one line an instance, in fractions of the picture's width and height."""

import json
from collections.abc import Sequence

import numpy as np

from anyvl.errors import UnknownNameError
from anyvl.shapes import one_ring, simple_parts
from anyvl.values import Frame, Instance, Ring


def to_yolo(instances: Sequence[Instance], frame: Frame, names: Sequence[str] | None = None) -> str:
    """Lines `class x y x y ...` of outlines; or `class x y width height` (centre and size) where all instances are boxes alone.

    A line has one ring: parts and holes are joined to it by bridges without width. A shape without area has no line. names:
    labels by class number, those of `class_names` if None; `data_yaml` writes them down. UnknownNameError for a label that is not
    among them.

    >>> from anyvl.values import Box
    >>> to_yolo([Instance(label="fox", box=Box(1, 2, 3, 4), frame=Frame(height=8, width=4))], Frame(height=8, width=4))
    '0 0.5 0.375 0.5 0.25\\n'
    """
    known = class_names(instances) if names is None else list(names)
    outlined = any(instance.polygons for instance in instances)
    lines = []
    for instance in instances:
        number = class_number(instance, known)
        numbers = _outline(instance) if outlined else _box(instance)
        if not numbers:
            continue
        unit = np.clip(np.reshape(numbers, (-1, 2)) / (frame.width, frame.height), 0, 1).ravel()
        lines.append(" ".join([str(number), *(_number(value) for value in unit.tolist())]))
    return "".join(f"{line}\n" for line in lines)


def class_names(instances: Sequence[Instance]) -> list[str]:
    """Labels in alphabetical order, each once: class numbers count from 0."""
    return sorted({instance.label for instance in instances})


def class_number(instance: Instance, names: Sequence[str]) -> int:
    """The number of an instance's label among `names`; UnknownNameError when it is not among them."""
    if instance.label not in names:
        raise UnknownNameError("class", instance.label, names)
    return list(names).index(instance.label)


def data_yaml(names: Sequence[str], train: str = "images/train", val: str = "images/val") -> str:
    """The `data.yaml` of a data set: folders of its pictures beside the file, and the class names in order.

    >>> print(data_yaml(["fox", "palm tree"]), end="")
    train: "images/train"
    val: "images/val"
    names:
      0: "fox"
      1: "palm tree"
    """
    quoted = (f"  {number}: {json.dumps(name, ensure_ascii=False)}\n" for number, name in enumerate(names))
    return f"train: {json.dumps(train)}\nval: {json.dumps(val)}\nnames:\n" + "".join(quoted)


def yolo_file(instances: Sequence[Instance], frame: Frame, file_name: str = "") -> bytes:
    """`to_yolo` with the picture's own labels in alphabetical order as classes."""
    return to_yolo(instances, frame).encode()


def _outline(instance: Instance) -> Ring:
    x0, y0, x1, y1 = instance.bounds.as_tuple()
    if not instance.polygons:
        return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    rings = [ring for part in simple_parts(instance.polygons, instance.frame) for ring in part.rings]
    return one_ring(rings) if rings else ()


def _box(instance: Instance) -> Ring:
    box = instance.bounds
    return (((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2), (box.width, box.height))


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
