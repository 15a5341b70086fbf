"""`anyvl generate` and `anyvl edit`."""

import json
import os

import numpy as np
from fake_model import HEIGHT, WIDTH
from PIL import Image

from anyvl import cli


def files() -> set[str]:
    return set(os.listdir())


def test_generate_writes_pictures_and_prints_them_with_their_seeds(model, capsys):
    assert cli.main(["generate", "a fox", "--seed", "7", "--num-images", "2", "-o", "fox.png"]) == 0
    assert capsys.readouterr().out == "fox-1.png  seed 7\nfox-2.png  seed 8\n"
    assert files() == {"fox-1.png", "fox-2.png"}
    with Image.open("fox-2.png") as painted:
        assert painted.getpixel((0, 0)) == (8, 0, 0)


def test_only_what_was_said_is_passed_on(model):
    assert cli.main(["generate", "a fox"]) == 0
    assert model.calls == [
        ("from_pretrained", (None,), {}),
        ("generate", ("a fox",), {"num_images_per_prompt": 1}),
    ]
    assert files() == {"painted.png"}


def test_every_flag_of_generate_arrives(model):
    flags = ["--height", "48", "--width", "80", "--guidance-scale", "2.5", "--seed", "3"]
    where = ["--model", "folder", "--device", "cpu", "--dtype", "bfloat16"]
    assert cli.main(["generate", "a fox", *flags, *where]) == 0
    assert model.calls == [
        ("from_pretrained", ("folder",), {"device": "cpu", "dtype": "bfloat16"}),
        (
            "generate",
            ("a fox",),
            {"num_images_per_prompt": 1, "seed": 3, "guidance_scale": 2.5, "height": 48, "width": 80},
        ),
    ]


def test_without_output_nothing_is_overwritten(model):
    assert cli.main(["generate", "a fox"]) == cli.main(["generate", "a cat"]) == 0
    assert files() == {"painted.png", "painted-2.png"}


def test_generate_prints_one_json_object(model, capsys):
    assert cli.main(["generate", "a fox", "--json", "-o", "fox.webp", "--seed", "1"]) == 0
    row = {"file": "fox.webp", "seed": 1, "width": WIDTH, "height": HEIGHT}
    assert json.loads(capsys.readouterr().out) == {"images": [row]}


def test_warnings_are_one_line_on_stderr(model, capsys):
    assert cli.main(["generate", "a quux"]) == 0
    out, err = capsys.readouterr()
    assert err == "anyvl: warning: the model does not know 'quux'\n"
    assert out == "painted.png  seed 5\n"


def test_edit_reads_the_picture_and_counts_what_changed(photo, picture, model, capsys):
    assert cli.main(["edit", photo, "remove the fox", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["images"]
    assert row == {"file": "edited.png", "seed": 9, "width": 72, "height": 40, "changed_pixels": 30}
    name, (array, instruction), _ = model.calls[-1]
    assert (name, instruction) == ("edit", "remove the fox")
    assert np.array_equal(array, picture)


def test_infill_takes_a_box_or_a_mask(photo, picture, model, capsys, tmp_path):
    Image.fromarray(np.pad(np.full((6, 9), 255, np.uint8), ((4, 30), (8, 55)))).save(tmp_path / "mask.png")
    assert cli.main(["infill", photo, "a red fox", "--box", "8,4,17,10", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["images"]
    assert row == {"file": "infilled.png", "seed": 9, "width": 72, "height": 40, "changed_pixels": 30}
    name, (array, hole, prompt), _ = model.calls[-1]
    assert (name, hole, prompt) == ("infill", (8.0, 4.0, 17.0, 10.0), "a red fox") and np.array_equal(array, picture)
    assert cli.main(["infill", photo, "--mask", "mask.png", "-o", "x.png"]) == 0
    _, (_, hole, prompt), _ = model.calls[-1]
    assert prompt is None and hole.shape == (40, 72, 3) and (hole[..., 0] == 255).sum() == 6 * 9
    for wrong in ([], ["--box", "1,2,3,4", "--mask", "mask.png"], ["--box", "1,2,3"], ["--box", "a,b,c,d"]):
        capsys.readouterr()
        assert cli.main(["infill", photo, *wrong]) == 2
        assert "--box" in capsys.readouterr().err


def test_a_layout_goes_with_words_or_without(model, capsys):
    layout = ["--layout", "2,3,30,40=a red fox", "--layout", "40, 3, 70, 20 = cat"]
    things = [((2.0, 3.0, 30.0, 40.0), "a red fox"), ((40.0, 3.0, 70.0, 20.0), "cat")]
    for words in ([], ["two things"]):
        assert cli.main(["generate", *words, *layout, "--seed", "1", "-o", "x.png"]) == 0
        name, (prompt,), settings = model.calls[-1]
        assert (name, prompt, settings["layout"]) == ("generate", words[0] if words else None, things)
    assert capsys.readouterr().out.splitlines()[:2] == ["x.png  seed 1", "  a red fox  box 2.0 3.0 30.0 40.0"]
    assert cli.main(["generate", "a fox", "--candidates", "3"]) == 0 and model.calls[-1][2]["candidates"] == 3
    for asked in (["--plan"], ["--no-plan"], []):
        assert cli.main(["generate", "a fox", *asked]) == 0
        assert model.calls[-1][2].get("plan") == {"--plan": True, "--no-plan": False}.get("".join(asked))


def test_refine_enlarges_or_sharpens_a_place(photo, picture, model, capsys, tmp_path):
    assert cli.main(["refine", photo, "--scale", "2", "--steps", "3", "--seed", "4", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["images"]
    assert row == {"file": "refined.png", "seed": 4, "width": 144, "height": 80}
    name, (array,), settings = model.calls[-1]
    assert name == "refine" and np.array_equal(array, picture)
    assert settings == {"scale": 2, "num_inference_steps": 3, "seed": 4}
    foreign = ["--refiner", "owner/name", "--prompt", "a fox", "--strength", "0.3", "--box", "8,4,17,10"]
    assert cli.main(["refine", photo, *foreign]) == 0
    assert model.calls[-1][2] == {
        "mask": (8.0, 4.0, 17.0, 10.0),
        "refiner": "owner/name",
        "prompt": "a fox",
        "strength": 0.3,
    }
    assert cli.main(["refine", photo, "--scheduler", "UniPCMultistepScheduler", "--tile", "256"]) == 0
    assert model.calls[-1][2] == {"scheduler": "UniPCMultistepScheduler", "tile": 256}
    assert cli.main(["refine", photo, "--preview", "so-far.png"]) == 0
    model.calls[-1][2]["preview"](Image.fromarray(picture), 0)
    assert np.array_equal(np.asarray(Image.open("so-far.png")), picture)
    assert cli.main(["refine", photo, "--box", "8,4,17,10", "--mask", photo]) == 2
    calls = len(model.calls)
    for preview in ("so-far.gif", "nowhere/so-far.png"):
        assert cli.main(["refine", photo, "--preview", preview]) == 2 and len(model.calls) == calls


def test_what_is_painted_is_refined_with_its_own_seeds(photo, model, capsys):
    assert cli.main(["generate", "a fox", "--num-images", "2", "--refine", "4", "--seed", "7", "--json"]) == 0
    assert [(r["seed"], r["width"]) for r in json.loads(capsys.readouterr().out)["images"]] == [(7, 144), (8, 144)]
    assert model.calls[-1][2] == {"scale": 4, "seed": [7, 8]}
    assert cli.main(["edit", photo, "remove the fox", "--refine", "1"]) == 0
    assert list(model.calls[-1][2]) == ["seed", "mask"] and model.calls[-1][2]["mask"][0].sum() == 30
    assert cli.main(["edit", photo, "remove the fox", "--refine", "2"]) == 0
    assert model.calls[-1][2] == {"seed": [9], "scale": 2}
    calls = len(model.calls)
    assert cli.main(["edit", photo, "remove the fox", "--refine", "99"]) == 2
    assert cli.main(["generate", "a fox", "--refine", "1"]) == 2, (
        "without a mask there is nothing to do at its own size"
    )
    assert [name for name, *_ in model.calls[calls:]] == ["from_pretrained"] * 2, (
        "nothing is painted that cannot be refined"
    )
