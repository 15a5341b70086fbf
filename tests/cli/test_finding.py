"""`anyvl segment`, `ground`, `detect`, `keypoints` and `dense`: lines, JSON, files and drawings."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anyvl import cli
from anyvl.exports.palette import PALETTE


def test_segment_prints_lines_for_people(photo, capsys):
    assert cli.main(["segment", photo, "the palm tree"]) == 0
    assert capsys.readouterr().out == "the palm tree  score 0.50  box 10.0 5.0 30.0 25.0  polygons 1\n"


@pytest.mark.parametrize("flags", [["--json"], ["--format", "json"]])
def test_segment_prints_json(photo, capfdbinary, flags):
    assert cli.main(["segment", photo, "fox", *flags]) == 0
    found = json.loads(capfdbinary.readouterr().out)
    assert found["image"] == {"width": 72, "height": 40}
    assert found["instances"][0]["polygons"] == [
        {"exterior": [[10.0, 5.0], [30.0, 5.0], [30.0, 25.0]], "holes": []},
    ]


@pytest.mark.parametrize("name, start", [("fox.json", b"{"), ("fox.svg", b"<svg"), ("fox.png", b"\x89PNG")])
def test_the_suffix_of_output_chooses_the_format(photo, capsys, name, start):
    assert cli.main(["segment", photo, "fox", "-o", name]) == 0
    assert Path(name).read_bytes().startswith(start)
    assert cli.main(["segment", photo, "fox", "-o", "any", "--format", Path(name).suffix[1:]]) == 0
    assert Path("any").read_bytes() == Path(name).read_bytes()


def test_segment_writes_all_that_is_asked_for_at_once(photo, capfdbinary):
    assert cli.main(["segment", photo, "fox", "-o", "fox.svg", "--overlay", "over.jpg", "--json"]) == 0
    out, err = capfdbinary.readouterr()
    assert json.loads(out)["instances"][0]["label"] == "fox"
    assert err == b"wrote fox.svg\nwrote over.jpg\n"
    with Image.open("over.jpg") as drawn:
        assert drawn.size == (72 * 8, 40 * 8)


def test_samples_are_passed_on_when_asked_for(photo, model):
    assert cli.main(["segment", photo, "fox", "--samples", "4"]) == 0
    assert model.calls[-1][2] == {"samples": 4}
    assert cli.main(["segment", photo, "fox", "--samples", "0"]) == 2


def test_finding_nothing_is_an_answer(photo, model, capfdbinary):
    model.found = []
    assert cli.main(["segment", photo, "fox"]) == 0
    assert capfdbinary.readouterr() == (b"", b"nothing found\n")
    assert cli.main(["segment", photo, "fox", "--json"]) == 0
    assert json.loads(capfdbinary.readouterr().out)["instances"] == []


def test_detect_takes_labels(photo, model, capsys):
    assert cli.main(["detect", photo]) == 0
    assert model.calls[-1][1][1] is None
    assert cli.main(["detect", photo, "--label", "fox", "--label", "palm tree"]) == 0
    assert model.calls[-1][1][1] == ["fox", "palm tree"]
    assert capsys.readouterr().out == "fox  score 1.00  box 1.0 2.0 30.0 20.0\n" * 2


def test_look_lists_everything(photo, model, capsys):
    assert cli.main(["look", photo, "--overlay", "seen.png"]) == 0
    assert model.calls[-1][0] == "look"
    assert capsys.readouterr().out == "red fox  score 1.00  box 1.0 2.0 30.0 20.0\n"


def test_ground_finds_boxes_like_segment(photo, model, capsys):
    assert cli.main(["ground", photo, "the fox"]) == 0
    assert model.calls[-1][0] == "ground"
    assert capsys.readouterr().out.startswith("the fox  score 0.50  box 10.0 5.0 30.0 25.0")


def test_keypoints_are_lines_json_and_a_drawing(photo, model, capsys):
    assert cli.main(["keypoints", photo, "the fox", "--name", "top", "--name", "left", "--overlay", "points.png"]) == 0
    assert model.calls[-1][2] == {"names": ["top", "left"]}
    expected = "top  at 10.0 2.5  visible  score 1.00\nleft  at 1.0 9.0  hidden  score 0.50\n"
    assert capsys.readouterr().out == expected
    with Image.open("points.png") as drawn:
        assert drawn.size == (72 * 8, 40 * 8)
        assert drawn.getpixel((80, 20)) == PALETTE[0] and drawn.getpixel((8, 72)) != PALETTE[1]
    assert cli.main(["keypoints", photo, "the fox", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["image"] == {"width": 72, "height": 40}
    assert told["keypoints"][1] == {"name": "left", "x": 1.0, "y": 9.0, "visible": False, "score": 0.5}


def test_a_dense_map_is_a_png_of_its_numbers(photo, capsys):
    assert cli.main(["dense", photo, "depth"]) == 0
    assert capsys.readouterr().out == "map.png  0: 2870 px, 3: 10 px\n"
    with Image.open("map.png") as written:
        numbers = np.asarray(written)
    assert numbers.shape == (40, 72) and numbers[1, 4] == 3 and numbers.sum() == 30
    assert cli.main(["dense", photo, "instances", "-o", "m.png", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pixels"] == {"0": 2870, "3": 10}
