"""`anyvl caption`, `describe`, `ask` and `classify`."""

import json
from pathlib import Path

from anyvl import cli


def test_caption_prints_words(photo, capsys):
    assert cli.main(["caption", photo]) == 0
    assert cli.main(["caption", photo, "--json"]) == 0
    words, as_json = capsys.readouterr().out.splitlines()
    assert words == json.loads(as_json)["caption"] == "a fox left of a pälm 🌴"


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
