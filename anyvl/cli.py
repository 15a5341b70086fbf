"""The command line: `anyvl generate|edit|segment|detect|caption|info|train|evaluate`.

Results go to stdout, progress and warnings to stderr. Whatever a user can mend ends with one sentence and exit code 2;
nothing is written then. What takes long to import (torch above all) is imported by the command that needs it, after its
flags and files have been checked, so that help and mistakes answer at once.
"""

import contextlib
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from anyvl.errors import AnyVLError, InputError

ModelOption = Annotated[
    str | None, typer.Option("--model", help="Folder or hub id of a model; without it, the one that ships with anyvl.")
]
DeviceOption = Annotated[
    str | None, typer.Option(help="cpu, cuda, cuda:1, mps ...; without it, a CUDA GPU if there is one, else the CPU.")
]
DtypeOption = Annotated[
    Literal["float32", "bfloat16", "float16"] | None, typer.Option(help="Number format of the computation.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
SeedOption = Annotated[int | None, typer.Option(help="Picture i of a call has seed + i. Without it, one is drawn.")]
GuidanceOption = Annotated[float | None, typer.Option(help="How strongly the words are followed; 1 is off.")]
NumImagesOption = Annotated[int, typer.Option(min=1, help="How many pictures to make.")]
PictureArgument = Annotated[Path, typer.Argument(help="A picture file.", show_default=False)]
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


def generate(
    prompt: Annotated[str, typer.Argument(help="What to paint, in words.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Picture file; without it, painted.png or the next free name.")
    ] = None,
    seed: SeedOption = None,
    num_images: NumImagesOption = 1,
    guidance_scale: GuidanceOption = None,
    height: Annotated[int | None, typer.Option(min=1, help="Height in px.")] = None,
    width: Annotated[int | None, typer.Option(min=1, help="Width in px.")] = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Paint a picture from words."""
    from anyvl.exports.files import picture_targets, write_pictures

    _require_words(prompt)
    targets = picture_targets(output, "painted.png", num_images)
    settings = _given(seed=seed, guidance_scale=guidance_scale, height=height, width=width)
    with _progress("painting") as on_step:
        painted = _load(model, device, dtype).generate(
            prompt, num_images_per_prompt=num_images, callback_on_step_end=on_step, **settings
        )
    write_pictures(targets, painted.images)
    _print_pictures(targets, painted.images, painted.seeds, [{} for _ in targets], as_json)


def edit(
    picture: PictureArgument,
    instruction: Annotated[str, typer.Argument(help='Such as "replace the fox with a cat".', show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Picture file; without it, edited.png or the next free name.")
    ] = None,
    seed: SeedOption = None,
    num_images: NumImagesOption = 1,
    guidance_scale: GuidanceOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a picture as an instruction says; pixels outside the change stay as they are."""
    from anyvl.exports.files import picture_targets, write_pictures

    _require_words(instruction)
    targets = picture_targets(output, "edited.png", num_images)
    array = _open(picture)
    settings = _given(seed=seed, guidance_scale=guidance_scale)
    with _progress("editing") as on_step:
        edited = _load(model, device, dtype).edit(
            array, instruction, num_images_per_prompt=num_images, callback_on_step_end=on_step, **settings
        )
    write_pictures(targets, edited.images)
    changes = [{"changed_pixels": int(changed.sum())} for changed in edited.changed]
    _print_pictures(targets, edited.images, edited.seeds, changes, as_json)


def segment(
    picture: PictureArgument,
    phrase: Annotated[str, typer.Argument(help='What to find, such as "the palm tree".', show_default=False)],
    output: FoundOption = None,
    format_name: FormatOption = None,
    overlay: OverlayOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find what a phrase names, as polygons."""
    _require_words(phrase)
    _find(
        "segmenting",
        "segment",
        picture,
        {"phrase": phrase},
        output,
        format_name,
        overlay,
        (model, device, dtype),
        as_json,
    )


def detect(
    picture: PictureArgument,
    label: Annotated[
        list[str] | None, typer.Option(help="Keep only this; give it again for more. Without it, all that is found.")
    ] = None,
    output: FoundOption = None,
    format_name: FormatOption = None,
    overlay: OverlayOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find things, as labelled boxes."""
    _find(
        "detecting",
        "detect",
        picture,
        _given(labels=label),
        output,
        format_name,
        overlay,
        (model, device, dtype),
        as_json,
    )


def caption(
    picture: PictureArgument,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a picture shows."""
    array = _open(picture)
    with _progress("reading") as on_step:
        words = _load(model, device, dtype).caption(array, callback_on_step_end=on_step)
    height, width = array.shape[:2]
    print(_json({"image": {"width": width, "height": height}, "caption": words}) if as_json else words)


def info(model: ModelOption = None, as_json: JsonOption = False) -> None:
    """Tell what a model is and what it knows."""
    from anyvl.exports.text import outline_lines

    known = _load(model, None, None).info()
    print(_json(known) if as_json else "\n".join(outline_lines(known)))


def train(
    config: Annotated[
        Path, typer.Argument(help="A run configuration, such as configs/decoder_default.py.", show_default=False)
    ],
    run_folder: Annotated[
        Path | None, typer.Option(help="Where state, log and samples go; a run there is resumed.")
    ] = None,
    max_seconds: Annotated[float | None, typer.Option(min=0, help="Save and stop in time for this limit.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Change a setting: schedule.steps=100.")
    ] = None,
) -> None:
    """Train a network as a configuration says; the same command goes on where a stopped run was."""
    from anyvl import training

    training.run(config, settings=tuple(settings or ()), **_given(run_folder=run_folder, max_seconds=max_seconds))


def evaluate(
    suite: Annotated[
        list[str] | None, typer.Option(help="Measure only this, such as segmentation; give it again for more.")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="How many items a figure.")] = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the figures to this .json or .md file too.")
    ] = None,
) -> None:
    """Measure a model: every score beside its ceiling and its floor."""
    from anyvl.exports.files import require_writable

    if output is not None:
        require_writable(output)
    from anyvl import evaluation

    evaluation.run(**_given(suites=suite, count=count, model=model, device=device, output=output))


COMMANDS = (generate, edit, segment, detect, caption, info, train, evaluate)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command (`arguments`, else the process's own); returns its exit code: 0, 2 a mistake, 130 stopped."""
    app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_top)
    for command in COMMANDS:
        app.command()(command)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = _show_warning
        try:
            code = app(args=arguments, prog_name="anyvl", standalone_mode=False)
            sys.stdout.flush()
        except typer.TyperException as error:  # without a message it was no command at all: the help is the answer
            return _say(_usage_sentence(error), 2) if str(error) else 2
        except BrokenPipeError:  # the reader of our results has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except (AnyVLError, OSError) as error:
            return _say(str(error), 2)
    if code == 130:  # what Typer makes of Ctrl-C
        return _say("stopped", 130)
    return code if isinstance(code, int) else 0


def _top(
    version: Annotated[bool, typer.Option("--version", is_eager=True, help="Print the version.")] = False,
) -> None:
    """Paint, edit and read pictures: one decoder writes the ids of one vocabulary."""
    if version:
        from importlib.metadata import version as version_of

        print(version_of("anyvl"))
        raise typer.Exit


def _find(
    doing: str,
    method: str,
    picture: Path,
    question: dict[str, Any],
    output: Path | None,
    format_name: str | None,
    overlay_path: Path | None,
    which: tuple[str | None, str | None, str | None],
    as_json: bool,
) -> None:
    """What `segment` and `detect` share: check, find, write, print."""
    from anyvl.exports import EXPORTERS, exporter, overlay
    from anyvl.exports.files import picture_file, require_picture_name, require_writable, write_file
    from anyvl.exports.text import found_lines
    from anyvl.values import Frame

    if output is not None:
        format_name = format_name or output.suffix.lower().removeprefix(".")
        require_writable(output)
        if not format_name:
            raise InputError(f"{output} has no suffix to tell its format by: add --format {'|'.join(EXPORTERS)}")
    elif as_json and format_name not in (None, "json"):
        raise InputError(f"--json and --format {format_name} cannot both be printed: add --output FILE for the second")
    elif as_json:
        format_name = "json"
    export = exporter(format_name) if format_name else None
    if overlay_path is not None:
        require_picture_name(overlay_path)
        require_writable(overlay_path)
    if format_name == "png" and output is None and sys.stdout.isatty():
        raise InputError("--format png is not for a terminal: add --output FILE, or send it to a file with >")

    array = _open(picture)
    frame = Frame(*array.shape[:2])
    with _progress(doing) as on_step:
        found = getattr(_load(*which), method)(array, **question, callback_on_step_end=on_step)

    if overlay_path is not None:
        write_file(overlay_path, picture_file(overlay(array, found), overlay_path.suffix))
    if output is not None:
        assert export is not None
        write_file(output, export(found, frame, Path(os.path.relpath(picture, output.parent)).as_posix()))
        export = exporter("json") if as_json else None
    if export is not None:
        sys.stdout.flush()
        sys.stdout.buffer.write(export(found, frame, picture.as_posix()))
    elif output is None:
        print("".join(f"{line}\n" for line in found_lines(found)), end="")
        if not found:
            print("nothing found", file=sys.stderr)
    for written in filter(None, (output, overlay_path)):
        print(f"wrote {written}", file=sys.stderr)


def _print_pictures(
    targets: Sequence[Path], images: Sequence[Any], seeds: Sequence[int], more: Sequence[dict[str, int]], as_json: bool
) -> None:
    rows = [
        {"file": str(target), "seed": int(seed), "width": image.width, "height": image.height, **extra}
        for target, image, seed, extra in zip(targets, images, seeds, more, strict=True)
    ]
    if as_json:
        print(_json({"images": rows}))
    else:
        for row in rows:
            print(f"{row['file']}  seed {row['seed']}")


def _require_words(words: str) -> None:
    """InputError for a prompt without words, before a model is loaded for it."""
    if not words.strip():
        raise InputError("the prompt is empty: say in words what to paint, change or find")


def _open(path: Path) -> Any:
    from anyvl.codecs.intake import open_picture

    return open_picture(path)


def _load(model: str | None, device: str | None, dtype: str | None) -> Any:
    from anyvl.pipeline import AnyVL

    return AnyVL.from_pretrained(model, **_given(device=device, dtype=dtype))


def _given(**values: Any) -> dict[str, Any]:
    """Only what the user said, so that every default has one owner: the function called."""
    return {name: value for name, value in values.items() if value is not None}


@contextlib.contextmanager
def _progress(doing: str) -> Iterator[Callable[[int, int], None]]:
    """A line on stderr while it is a terminal; yields what to call after each step with (step, pictures done)."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("loading the model")

        def on_step(step: int, done: int) -> None:
            progress.update(task, description=f"{doing}, step {step}")

        yield on_step


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _usage_sentence(error: typer.TyperException) -> str:
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    return f"{message.rstrip('.')} (see {context.command_path if context else 'anyvl'} --help)"


def _say(sentence: str, code: int) -> int:
    """One line on stderr, cut where a user's own long text is repeated in it."""
    line = " ".join(sentence.split())
    print("anyvl: " + (line if len(line) <= 600 else line[:300] + " ... " + line[-280:]), file=sys.stderr)
    return code


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    print(f"anyvl: warning: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
