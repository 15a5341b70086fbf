"""What the default checkpoint answers for every task, written down by one command: `python -m anyvl.evaluation.task_guide docs`.

It writes `docs/tasks.md`, a row and a section a task out of `TASKS`, and the pictures of it. No output was chosen
among several.
"""

import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from anyvl.data.scenes.catalogue import COLOUR_NAMES, GROUND_NAMES, KIND_NAMES
from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.scene import Ground, Scene, Thing
from anyvl.data.scenes.sprites import load_sprites
from anyvl.tasks import TASKS, Task

PICTURE = "scene.png"
_SHOWN_SIDE = 240
"""Small pictures are enlarged by a whole factor to at least this many px for the page."""


@dataclass(frozen=True)
class Example:
    """One task asked from Python (of `model`) and from the command line; what the command writes carries the task's name."""

    python: str
    command: str


EXAMPLES: dict[str, Example] = {
    "text_to_image": Example(
        'model.generate("a blue star on a beige background", seed=3)',
        'anyvl generate "a blue star on a beige background" --seed 3 -o text_to_image.png',
    ),
    "planned_image": Example(
        'model.generate("a red apple left of a green key", plan=True, seed=3)',
        'anyvl generate "a red apple left of a green key" --plan --seed 3 -o planned_image.png',
    ),
    "layout_to_image": Example(
        'model.generate(layout=[((8, 48, 72, 112), "red apple"), ((72, 16, 120, 64), "yellow star")], seed=3)',
        'anyvl generate --layout "8,48,72,112=red apple" --layout "72,16,120,64=yellow star" --seed 3 -o layout_to_image.png',
    ),
    "image_editing": Example(
        'model.edit("scene.png", "remove the umbrella", seed=3)',
        'anyvl edit scene.png "remove the umbrella" --seed 3 -o image_editing.png',
    ),
    "infilling": Example(
        'model.infill("scene.png", (76, 12, 128, 68), "an orange fox and a red heart on beige", seed=3)',
        'anyvl infill scene.png "an orange fox and a red heart on beige" --box 76,12,128,68 --seed 3 -o infilling.png',
    ),
    "segmentation": Example(
        'model.segment("scene.png", "the fox")', 'anyvl segment scene.png "the fox" --overlay segmentation.png'
    ),
    "listing": Example('model.look("scene.png")', "anyvl look scene.png --overlay listing.png"),
    "detection": Example('model.detect("scene.png")', "anyvl detect scene.png --overlay detection.png"),
    "grounding": Example(
        'model.ground("scene.png", "the thing on the right")',
        'anyvl ground scene.png "the thing on the right" --overlay grounding.png',
    ),
    "keypoints": Example(
        'model.keypoints("scene.png", "the fox")', 'anyvl keypoints scene.png "the fox" --overlay keypoints.png'
    ),
    "captioning": Example('model.caption("scene.png")', "anyvl caption scene.png"),
    "grounded_captioning": Example(
        'model.caption("scene.png", grounded=True)',
        "anyvl caption scene.png --grounded --overlay grounded_captioning.png",
    ),
    "description": Example('model.describe("scene.png")', "anyvl describe scene.png"),
    "question_answering": Example(
        'model.ask("scene.png", "what colour is the umbrella?", choices=["red", "blue", "green"])',
        'anyvl ask scene.png "what colour is the umbrella?" --choice red --choice blue --choice green',
    ),
    "classification": Example(
        'model.classify("scene.png", ["fox", "bear", "key"])', "anyvl classify scene.png --labels fox,bear,key"
    ),
    "dense_prediction": Example(
        'model.dense("scene.png", "depth")', "anyvl dense scene.png depth -o dense_prediction.png"
    ),
}


def main(docs: Path) -> None:
    """Write tasks.md and images/tasks/*.png under `docs`."""
    pictures = docs / "images" / "tasks"
    pictures.mkdir(parents=True, exist_ok=True)
    draw_picture(pictures)
    outputs = {task.name: run(EXAMPLES[task.name].command, pictures) for task in TASKS}
    for task in TASKS:
        if (pictures / f"{task.name}.png").exists():
            _enlarge(pictures / f"{task.name}.png")
    (docs / "tasks.md").write_text(page(outputs, pictures), encoding="utf-8")


def run(command: str, folder: Path) -> str:
    """What a command of `anyvl` prints to stdout in a folder, as a user would run it; CalledProcessError if it fails."""
    program, *arguments = shlex.split(command)
    assert program == "anyvl"
    done = subprocess.run(
        [sys.executable, "-m", "anyvl", *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def draw_picture(folder: Path) -> None:
    """Write the picture that the examples ask about: a fox and an umbrella."""
    Image.fromarray(draw_one(_scene(), load_sprites())).save(folder / PICTURE)


def page(outputs: dict[str, str], pictures: Path) -> str:
    """The text of tasks.md: a table of all tasks, and each with its example, what was printed, and its picture if it has one."""
    lines = [
        "# Tasks",
        "",
        "Every task, its example run on the default checkpoint; no output was chosen among several. This page is written by",
        "`python -m anyvl.evaluation.task_guide docs`; how often such outputs are right stands in",
        "[default-checkpoint.md](default-checkpoint.md).",
        "",
        *table(),
        "",
        "`scene.png` below is this drawing:",
        "",
        f"![A fox and an umbrella](images/tasks/{PICTURE})",
    ]
    for task in TASKS:
        example = EXAMPLES[task.name]
        lines += ["", f"## {task.name}", "", f"{task.description[0].upper()}{task.description[1:]}.", ""]
        lines += ["```python", example.python, "```", "", "```bash", example.command, "```"]
        lines += ["", "```text", outputs[task.name].rstrip("\n"), "```"]
        if (pictures / f"{task.name}.png").exists():
            lines += ["", f"![{task.name}](images/tasks/{task.name}.png)"]
    return "\n".join(lines) + "\n"


def table() -> list[str]:
    """A row a task: what it is given, what it answers."""
    rows = ["| task | given | answer | prompt such as |", "| --- | --- | --- | --- |"]
    for task in TASKS:
        rows.append(f"| [{task.name}](#{task.name}) | {_given(task)} | {task.description} | {_prompt(task)} |")
    return rows


def _given(task: Task) -> str:
    given = (("picture", task.sees_picture), ("words", task.needs_words), ("layout", task.takes_layout))
    return ", ".join(name for name, needed in given if needed)


def _prompt(task: Task) -> str:
    return task.prompt("…") if task.needs_words else task.prompt()


def _scene() -> Scene:
    fox = Thing(kind=KIND_NAMES.index("fox"), colour=COLOUR_NAMES.index("orange"), x=40, y=48, size=64)
    umbrella = Thing(kind=KIND_NAMES.index("umbrella"), colour=COLOUR_NAMES.index("blue"), x=104, y=40, size=48)
    ground = Ground(kind=GROUND_NAMES.index("beige"))
    return Scene(height=96, width=128, ground=ground, things=(fox, umbrella))


def _enlarge(path: Path) -> None:
    with Image.open(path) as picture:
        factor = -(-_SHOWN_SIDE // max(picture.size))
        larger = picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    larger.save(path)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
