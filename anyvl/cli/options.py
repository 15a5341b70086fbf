"""What commands share: their options, opening pictures, loading a model, progress."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from anyvl.errors import InputError

ModelOption = Annotated[
    str | None, typer.Option("--model", help="Folder or hub id of a model; without it, the one that ships with anyvl.")
]
DeviceOption = Annotated[
    str | None, typer.Option(help="cpu, cuda, cuda:1, mps ...; without it, a CUDA GPU if there is one, else the CPU.")
]
DtypeOption = Annotated[
    Literal["float32", "bfloat16", "float16", "int8"] | None,
    typer.Option(help="Number format of the computation; int8: 8-bit weights with bfloat16, on a CPU."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
SeedOption = Annotated[int | None, typer.Option(help="Picture i of a call has seed + i. Without it, one is drawn.")]
GuidanceOption = Annotated[float | None, typer.Option(help="How strongly the words are followed; 1 is off.")]
NumImagesOption = Annotated[int, typer.Option(min=1, help="How many pictures to make.")]
PictureArgument = Annotated[Path, typer.Argument(help="A picture file.", show_default=False)]
PhraseArgument = Annotated[str, typer.Argument(help='What to find, such as "the palm tree".', show_default=False)]
RefineOption = Annotated[
    int | None,
    typer.Option(
        "--refine",
        min=1,
        help="Refine the result to so many times its size with the model's refiner; 1, of an edit: sharpen only the change.",
    ),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="json, coco, yolo, labelme, geojson, florence, svg, png; without it, by the suffix of --output.",
    ),
]
FoundOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write what is found to this file instead of printing it.")
]
OverlayOption = Annotated[Path | None, typer.Option(help="Draw what is found over the picture, into this file.")]


def require_words(words: str) -> None:
    """InputError for a prompt without words, before a model is loaded for it."""
    if not words.strip():
        raise InputError("the prompt is empty: say in words what to paint, change or find")


def opened(path: Path, transparent_is_black: bool = False) -> Any:
    from anyvl.codecs.intake import BLACK, WHITE, open_picture

    return open_picture(path, BLACK if transparent_is_black else WHITE)


def loaded(model: str | None, device: str | None, dtype: str | None) -> Any:
    from anyvl.pipeline import AnyVL

    return AnyVL.from_pretrained(model, **given(device=device, dtype=dtype))


def given(**values: Any) -> dict[str, Any]:
    """Only what the user said, so that every default has one owner: the function called."""
    return {name: value for name, value in values.items() if value is not None}


@contextlib.contextmanager
def progress(doing: str, before: str = "loading the model") -> Iterator[Callable[[int, int], None]]:
    """A line on stderr while it is a terminal; yields what to call after each step with (step, pictures done), with
    step 0 before the first.

    before: what it says until the first step."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(before)

        def on_step(step: int, done: int) -> None:
            which = f" picture {done + 1}" if done else ""
            bar.update(task, description=f"{doing}{which}, step {step}" if step else doing)

        yield on_step


def as_one_line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def print_pictures(
    targets: Sequence[Path], images: Sequence[Any], seeds: Sequence[int], more: Sequence[dict[str, Any]], as_json: bool
) -> None:
    rows = [
        {"file": str(target), "seed": int(seed), "width": image.width, "height": image.height, **extra}
        for target, image, seed, extra in zip(targets, images, seeds, more, strict=True)
    ]
    if as_json:
        print(as_one_line({"images": rows}))
    else:
        for row in rows:
            print(f"{row['file']}  seed {row['seed']}")
            for thing in row.get("plan", ()):
                print(f"  {thing['label']}  box " + " ".join(f"{side:.1f}" for side in thing["box"]))


def sides_of(box: str, option: str, example: str) -> tuple[float, ...]:
    """ "2,3,30,40" as numbers."""
    try:
        sides = tuple(float(side) for side in box.split(","))
    except ValueError:
        sides = ()
    if len(sides) != 4:
        raise InputError(f'a box of {option} is four numbers, x0,y0,x1,y1, as in "{example}", but {box!r} came')
    return sides
