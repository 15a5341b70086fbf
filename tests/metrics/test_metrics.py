"""Metrics against cases worked out by hand."""

import pytest

from anyvl.metrics import average_precision, f1, union_iou
from anyvl.values import Box, Frame, Instance, Polygon

FRAME = Frame(height=40, width=60)


def box(label: str, x0: float, y0: float, x1: float, y1: float, score: float = 1.0) -> Instance:
    return Instance(label=label, box=Box(x0, y0, x1, y1), frame=FRAME, score=score)


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Instance:
    ring = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return Instance(label="x", polygons=(Polygon(ring),), frame=FRAME)


def test_union_iou() -> None:
    assert union_iou([], [], FRAME) == 1.0
    assert union_iou([rectangle(0, 0, 20, 20)], [], FRAME) == 0.0
    assert union_iou([rectangle(0, 0, 20, 20)], [rectangle(10, 0, 30, 20)], FRAME) == pytest.approx(1 / 3)
    halves = [rectangle(0, 0, 10, 20), rectangle(10, 0, 20, 20)]
    assert union_iou(halves, [rectangle(0, 0, 20, 20)], FRAME) == 1.0


def test_f1() -> None:
    assert f1([], []) == 1.0
    assert f1(["a", "b"], ["b", "c"]) == 0.5
    assert f1(["a"], []) == 0.0


def test_average_precision() -> None:
    truth = [[box("fox", 0, 0, 20, 20), box("cat", 30, 10, 50, 30)], [box("fox", 5, 5, 25, 25)]]
    assert average_precision(truth, truth)["AP"] == pytest.approx(1.0)
    assert average_precision([[], []], truth) == {"AP": 0.0, "AP50": 0.0, "AP75": 0.0}
    wrong = [[box("cat", 0, 0, 20, 20), box("fox", 30, 10, 50, 30)], []]
    assert average_precision(wrong, truth)["AP50"] == 0.0
    # Boxes of IoU 0.6 count at .50 and not at .75.
    shifted = [
        [box(x.label, x.bounds.x0 + 5, x.bounds.y0, x.bounds.x1 + 5, x.bounds.y1) for x in many] for many in truth
    ]
    found = average_precision(shifted, truth)
    assert found["AP50"] == pytest.approx(1.0) and found["AP75"] == 0.0
    stray = [[*truth[0], box("dragon", 0, 0, 9, 9)], truth[1]]
    assert average_precision(stray, truth)["AP"] == pytest.approx(1.0)
