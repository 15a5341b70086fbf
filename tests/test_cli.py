"""The command line, with a model in the pipeline's place that remembers what it was asked."""

import json
import os
import subprocess
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anyvl import cli
from anyvl.errors import CheckpointError, InputError
from anyvl.exports.palette import PALETTE
from anyvl.values import Answer, Box, Frame, GroundedText, Instance, Keypoint, Polygon, Span

ROOT = Path(__file__).parents[1]
HEIGHT, WIDTH = 40, 72


class FakeModel:
    """Answers like `anyvl.pipeline.AnyVL`, without a network."""

    def __init__(self):
        self.calls: list[tuple[str, tuple, dict]] = []
        self.found: list[Instance] | None = None

    def from_pretrained(self, folder: str | None = None, **settings) -> "FakeModel":
        if folder == "nowhere":
            raise CheckpointError("no model at nowhere:\n give a folder")
        self.calls.append(("from_pretrained", (folder,), settings))
        return self

    def _note(self, name, *inputs, callback_on_step_end, **settings):
        callback_on_step_end(0, 0)
        self.calls.append((name, inputs, settings))

    def generate(self, prompt, **settings):
        self._note("generate", prompt, **settings)
        if not prompt and "layout" not in settings:
            raise InputError("the prompt is empty: say what to paint")
        count, seed = settings["num_images_per_prompt"], settings.get("seed", 5)
        seeds = list(range(seed, seed + count))
        warnings.warn("the model does not know 'quux'", stacklevel=2)
        images = [Image.new("RGB", (WIDTH, HEIGHT), (seed % 256, 0, 0)) for seed in seeds]
        frame = Frame(HEIGHT, WIDTH)
        things = [Instance(label=name, box=Box(*box), frame=frame) for box, name in settings.get("layout", ())]
        return types.SimpleNamespace(images=images, seeds=seeds, plans=[things or None] * len(seeds))

    def edit(self, picture, instruction, **settings):
        self._note("edit", picture, instruction, **settings)
        changed = np.zeros(picture.shape[:2], dtype=bool)
        changed[3:6, 10:20] = True
        return types.SimpleNamespace(images=[Image.fromarray(picture)], changed=[changed], seeds=[9])

    def _instances(self, picture, label):
        frame = Frame(*picture.shape[:2])
        polygon = Polygon(((10.0, 5.0), (30.0, 5.0), (30.0, 25.0)))
        default = [Instance(label=label, score=0.5, frame=frame, polygons=(polygon,))]
        return default if self.found is None else self.found

    def segment(self, picture, phrase, **settings):
        self._note("segment", picture, phrase, **settings)
        return self._instances(picture, phrase)

    def detect(self, picture, labels=None, **settings):
        self._note("detect", picture, labels, **settings)
        return [Instance(label="fox", frame=Frame(*picture.shape[:2]), box=Box(1, 2, 30, 20))]

    def ground(self, picture, phrase, **settings):
        self._note("ground", picture, phrase, **settings)
        return self._instances(picture, phrase)

    def keypoints(self, picture, phrase, **settings):
        self._note("keypoints", picture, phrase, **settings)
        return [Keypoint(name="top", x=10, y=2.5), Keypoint(name="left", x=1, y=9, visible=False, score=0.5)]

    def caption(self, picture, grounded=False, **settings):
        self._note("caption", picture, **settings)
        words = "a fox left of a pälm 🌴"
        spans = (Span(start=0, stop=5, box=Box(1, 2, 30, 20)),)
        return GroundedText(words=words, spans=spans, frame=Frame(*picture.shape[:2])) if grounded else words

    def describe(self, picture, **settings):
        self._note("describe", picture, **settings)
        return "there is one thing."

    def ask(self, picture, question, **settings):
        self._note("ask", picture, question, **settings)
        shares = {"yes": 0.75, "no": 0.25} if "choices" in settings else {}
        return Answer(words="yes", probability=0.75, probabilities=shares)

    def classify(self, picture, labels=None):
        return {name: 1 / (2 + place) for place, name in enumerate(labels or "abcdefgh")}

    def dense(self, picture, name, **settings):
        self._note("dense", picture, name, **settings)
        numbers = np.zeros(picture.shape[:2], np.int64)
        numbers[:2, :5] = 3
        return numbers

    def info(self):
        return {"pictures": [{"height": 64, "width": 80}], "knows": {"things": ["fox", "cat"], "language_version": 1}}


@pytest.fixture
def model(monkeypatch, tmp_path) -> FakeModel:
    fake = FakeModel()
    pipeline = types.ModuleType("anyvl.pipeline")
    pipeline.AnyVL = fake  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "anyvl.pipeline", pipeline)
    monkeypatch.chdir(tmp_path)
    return fake


@pytest.fixture
def photo(model, tmp_path, picture) -> str:
    Image.fromarray(picture).save(tmp_path / "photo.png")
    return "photo.png"


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


def test_caption_prints_words(photo, capsys):
    assert cli.main(["caption", photo]) == 0
    assert cli.main(["caption", photo, "--json"]) == 0
    words, as_json = capsys.readouterr().out.splitlines()
    assert words == json.loads(as_json)["caption"] == "a fox left of a pälm 🌴"


def test_a_layout_goes_with_words_or_without(model, capsys):
    layout = ["--layout", "2,3,30,40=a red fox", "--layout", "40, 3, 70, 20 = cat"]
    things = [((2.0, 3.0, 30.0, 40.0), "a red fox"), ((40.0, 3.0, 70.0, 20.0), "cat")]
    for words in ([], ["two things"]):
        assert cli.main(["generate", *words, *layout, "--seed", "1", "-o", "x.png"]) == 0
        name, (prompt,), settings = model.calls[-1]
        assert (name, prompt, settings["layout"]) == ("generate", words[0] if words else None, things)
    assert capsys.readouterr().out.splitlines()[:2] == ["x.png  seed 1", "  a red fox  box 2.0 3.0 30.0 40.0"]
    assert cli.main(["generate", "a fox", "--plan"]) == 0 and model.calls[-1][2]["plan"] is True


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


def test_a_grounded_caption_says_where(photo, capsys):
    assert cli.main(["caption", photo, "--grounded", "--overlay", "boxes.png"]) == 0
    assert capsys.readouterr().out == "a fox left of a pälm 🌴\n  a fox  score 1.00  box 1.0 2.0 30.0 20.0\n"
    assert Path("boxes.png").exists()
    assert cli.main(["caption", photo, "--grounded", "--json"]) == 0
    (phrase,) = json.loads(capsys.readouterr().out)["phrases"]
    assert phrase == {"phrase": "a fox", "start": 0, "stop": 5, "box": [1.0, 2.0, 30.0, 20.0], "score": 1.0}


def test_describe_ask_and_classify_print_words_or_json(photo, model, capsys):
    assert cli.main(["describe", photo]) == 0
    assert cli.main(["ask", photo, "is there a fox?"]) == 0
    assert cli.main(["ask", photo, "is there a fox?", "--choice", "yes", "--choice", "no"]) == 0
    assert model.calls[-1][2] == {"choices": ["yes", "no"]}
    assert cli.main(["classify", photo, "--labels", "fox,palm tree"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["there is one thing.", "yes", "yes  0.75", "no  0.25", "fox  0.50", "palm tree  0.33"]
    assert cli.main(["classify", photo]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
    for arguments, name, value in (
        (["describe"], "description", "there is one thing."),
        (["ask", "is it?"], "answer", "yes"),
        (["ask", "is it?", "--choice", "yes"], "probabilities", {"yes": 0.75, "no": 0.25}),
        (["classify", "--labels", "fox"], "probabilities", {"fox": 0.5}),
    ):
        assert cli.main([arguments[0], photo, *arguments[1:], "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told[name] == value and told["image"] == {"width": 72, "height": 40}


def test_a_dense_map_is_a_png_of_its_numbers(photo, capsys):
    assert cli.main(["dense", photo, "depth"]) == 0
    assert capsys.readouterr().out == "map.png  0: 2870 px, 3: 10 px\n"
    with Image.open("map.png") as written:
        numbers = np.asarray(written)
    assert numbers.shape == (40, 72) and numbers[1, 4] == 3 and numbers.sum() == 30
    assert cli.main(["dense", photo, "instances", "-o", "m.png", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pixels"] == {"0": 2870, "3": 10}


def test_info(model, capsys):
    assert cli.main(["info"]) == 0
    expected = "pictures: height 64 width 80\nknows:\n  things: fox, cat\n  language version: 1\n"
    assert capsys.readouterr().out == expected


def test_train_and_evaluate_pass_on_what_was_said(model, monkeypatch):
    told: list[dict] = []
    for name in ("training", "evaluation"):
        room = types.ModuleType(f"anyvl.{name}")
        room.run = lambda *inputs, **settings: told.append({"inputs": inputs, **settings})  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"anyvl.{name}", room)
        monkeypatch.setattr(sys.modules["anyvl"], name, room, raising=False)
    changes = ["--set", "seed=3", "--set", "schedule.steps=9"]
    assert cli.main(["train", "fox.py", "--max-seconds", "60", "--run-folder", "runs/fox", *changes]) == 0
    assert cli.main(["evaluate", "--suite", "detection", "--count", "5", "-o", "figures.json"]) == 0
    assert told == [
        {
            "inputs": (Path("fox.py"),),
            "settings": ("seed=3", "schedule.steps=9"),
            "run_folder": Path("runs/fox"),
            "max_seconds": 60.0,
        },
        {"inputs": (), "suites": ["detection"], "count": 5, "output": Path("figures.json")},
    ]


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["generate", "a fox", "--sed", "1"], "--sed"),
        (["generate", "a fox", "--seed", "one"], "--seed"),
        (["generate", "a fox", "--num-images", "0"], "--num-images"),
        (["generate", "a fox", "--dtype", "int8"], "bfloat16"),
        (["generate"], "prompt"),
        (["generate", ""], "empty"),
        (["generate", "a fox", "--model", "nowhere"], "no model at nowhere: give a folder"),
        (["generate", "a fox", "-o", "missing/fox.png"], "does not exist"),
        (["generate", "a fox", "-o", "."], "use one of"),
        (["generate", "a fox", "-o", "fox.gif"], ".png"),
        (["generate", "--layout", "1,2,3=fox"], "2,3,30,40=a red fox"),
        (["generate", "--layout", "1,2,3,4="], "2,3,30,40=a red fox"),
        (["classify", "photo.png", "--labels", "fox,"], "commas"),
        (["dense", "photo.png", "height"], "'depth'"),
        (["dense", "photo.png", "depth", "-o", "map.jpg"], ".png"),
        (["caption", "photo.png", "--overlay", "x.png"], "--grounded"),
        (["ask", "photo.png", " "], "empty"),
        (["segmint", "photo.png", "fox"], "segment"),
        (["segment", "none.png", "fox"], "none.png"),
        (["segment", "empty.png", "fox"], "empty.png"),
        (["segment", "cut.png", "fox"], "cut.png"),
        (["segment", "photo.png", "fox", "--format", "gif"], "'svg'"),
        (["segment", "photo.png", "fox", "-o", "fox"], "--format"),
        (["segment", "photo.png", "fox", "-o", "fox.txt"], "'json'"),
        (["segment", "photo.png", "fox", "--json", "--format", "svg"], "--output"),
        (["segment", "photo.png", "fox", "-o", "missing/fox.json"], "does not exist"),
        (["segment", "photo.png", "fox", "--overlay", "missing/fox.png"], "does not exist"),
        (["segment", "photo.png", "fox", "--overlay", "fox.json"], ".png"),
        (["edit", "photo.png", "remove the fox", "-o", "/dev/null/edited.png"], "does not exist"),
    ],
)
def test_mistakes_end_with_one_sentence_and_code_2(photo, model, capsys, arguments, expected):
    Path("empty.png").touch()
    Path("cut.png").write_bytes(Path("photo.png").read_bytes()[:200])
    before = files()
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("anyvl: ")
    assert err.count("\n") == 1
    assert expected in err
    assert files() == before


def test_files_are_checked_before_the_model_is_loaded(photo, model):
    assert cli.main(["segment", photo, "fox", "-o", "missing/fox.json"]) == 2
    assert cli.main(["edit", "none.png", "remove the fox"]) == 2
    assert model.calls == []


def test_a_long_prompt_is_not_repeated_whole(model, capsys, monkeypatch):
    def refuse(prompt: str, **_: object) -> None:
        raise InputError(f"the prompt {prompt!r} is too long")

    monkeypatch.setattr(model, "generate", refuse)
    assert cli.main(["generate", "fox " * 25_000]) == 2
    err = capsys.readouterr().err
    assert len(err) < 700
    assert err.endswith("is too long\n")


def test_our_own_mistakes_are_not_hidden(model, monkeypatch):
    monkeypatch.setattr(model, "generate", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main(["generate", "a fox"])


def test_ctrl_c_is_130(model, monkeypatch, capsys):
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(model, "generate", stop)
    assert cli.main(["generate", "a fox"]) == 130
    assert "stopped" in capsys.readouterr().err
    assert files() == set()


def test_help_is_instant_and_imports_no_torch():
    script = (
        "import sys, time; from anyvl import cli; code = cli.main(['--help']);"
        "print('seconds', time.process_time());"
        "sys.exit(code or any(name in sys.modules for name in ('torch', 'numpy', 'transformers', 'diffusers')))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
        for _ in range(3)
    ]
    assert all(run.returncode == 0 for run in runs), runs[0].stderr
    assert all(command.__name__ in runs[0].stdout for command in cli.COMMANDS)
    # processor time, start of the interpreter included: other work on the machine must not decide
    assert min(float(run.stdout.split()[-1]) for run in runs) <= 0.5
