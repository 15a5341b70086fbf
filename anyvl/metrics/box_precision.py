"""Average precision of labelled boxes, by pycocotools (extra `eval`)."""

import contextlib
import io
from collections.abc import Sequence

from anyvl.errors import MissingExtraError
from anyvl.values import Instance


def average_precision(found: Sequence[Sequence[Instance]], true: Sequence[Sequence[Instance]]) -> dict[str, float]:
    """COCO AP over IoU .50:.95, AP at .50 and .75, for one list of instances a picture; labels are compared as words."""
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError:
        raise MissingExtraError("average precision", "pycocotools", "eval") from None
    labels = {name: i + 1 for i, name in enumerate(sorted({x.label for many in true for x in many}))}
    annotations = [
        {"image_id": number, "category_id": labels[x.label], "bbox": _xywh(x), "area": x.bounds.area, "iscrowd": 0}
        for number, many in enumerate(true)
        for x in many
    ]
    truth = {
        "info": {},
        "images": [{"id": number, "height": 1, "width": 1} for number in range(len(true))],
        "categories": [{"id": number, "name": name} for name, number in labels.items()],
        "annotations": [{"id": number, **annotation} for number, annotation in enumerate(annotations, start=1)],
    }
    # A label that no truth has can match nothing in any class that is averaged: COCO leaves it out, and so do we.
    results = [
        {"image_id": number, "category_id": labels[x.label], "bbox": _xywh(x), "score": x.score}
        for number, many in enumerate(found)
        for x in many
        if x.label in labels
    ]
    if not results:
        return {"AP": 0.0, "AP50": 0.0, "AP75": 0.0}
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        run = COCOeval(coco, coco.loadRes(results), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return {name: float(run.stats[place]) for place, name in enumerate(("AP", "AP50", "AP75"))}


def _xywh(instance: Instance) -> list[float]:
    box = instance.bounds
    return [box.x0, box.y0, box.width, box.height]
