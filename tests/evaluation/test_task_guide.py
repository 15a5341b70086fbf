"""docs/tasks.md is what the shipped default answers: a row a task, every example runs from Python and the command line."""

import re
from pathlib import Path

import pytest

from anyvl.evaluation.task_guide import EXAMPLES, draw_picture, page, run, table
from anyvl.pipeline import AnyVL
from anyvl.tasks import TASKS

NUMBER = re.compile(r"\d+(?:\.\d+)?")
PAGE = (Path(__file__).parents[2] / "docs" / "tasks.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("tasks")
    draw_picture(path)
    return path


@pytest.fixture(scope="module")
def model() -> AnyVL:
    return AnyVL.from_pretrained()


def test_the_page_has_a_row_and_a_section_for_every_task() -> None:
    assert "\n".join(table()) in PAGE
    assert list(EXAMPLES) == [task.name for task in TASKS] == re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("task", [task.name for task in TASKS])
def test_examples_print_what_the_page_says(
    task: str, folder: Path, model: AnyVL, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = run(EXAMPLES[task].command, folder)
    section = page({name: printed for name in EXAMPLES}, folder).split(f"## {task}\n")[1].split("\n## ")[0]
    shown = PAGE.split(f"## {task}\n")[1].split("\n## ")[0]
    assert NUMBER.sub("#", section) == NUMBER.sub("#", shown)
    # Scores and positions may differ a little from one processor to the next.
    assert list(map(float, NUMBER.findall(section))) == pytest.approx(
        list(map(float, NUMBER.findall(shown))), rel=0.05, abs=1.5
    )
    monkeypatch.chdir(folder)
    assert eval(EXAMPLES[task].python, {"model": model}) is not None
