"""What all commands have in common: help, mistakes, Ctrl-C; and the commands about a model."""

import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from anyvl import cli
from anyvl.errors import InputError

ROOT = Path(__file__).parents[2]


def files() -> set[str]:
    return set(os.listdir())


def test_info(model, capsys):
    assert cli.main(["info"]) == 0
    expected = "pictures: height 64 width 80\nknows:\n  things: fox, cat\n  language version: 1\n"
    assert capsys.readouterr().out == expected


def test_train_and_evaluate_pass_on_what_was_said(model, monkeypatch):
    told: list[dict] = []

    def run(*inputs, **settings):
        told.append({"inputs": inputs, **settings})
        return settings.get("max_seconds") is None

    for name in ("training", "evaluation"):
        room = types.ModuleType(f"anyvl.{name}")
        room.run = run  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"anyvl.{name}", room)
        monkeypatch.setattr(sys.modules["anyvl"], name, room, raising=False)
    changes = ["--set", "seed=3", "--set", "schedule.steps=9"]
    assert cli.main(["train", "fox.py", "--max-seconds", "60", "--run-folder", "runs/fox", *changes]) == 75
    assert cli.main(["train", "fox.py"]) == 0
    assert cli.main(["evaluate", "--suite", "detection", "--count", "5", "-o", "figures.json"]) == 0
    assert told == [
        {
            "inputs": (Path("fox.py"),),
            "settings": ("seed=3", "schedule.steps=9"),
            "run_folder": Path("runs/fox"),
            "max_seconds": 60.0,
        },
        {"inputs": (Path("fox.py"),), "settings": ()},
        {"inputs": (), "suites": ["detection"], "count": 5, "output": Path("figures.json")},
    ]


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["generate", "a fox", "--sed", "1"], "--sed"),
        (["generate", "a fox", "--seed", "one"], "--seed"),
        (["generate", "a fox", "--num-images", "0"], "--num-images"),
        (["generate", "a fox", "--dtype", "int4"], "bfloat16"),
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
