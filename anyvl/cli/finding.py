"""`anyvl segment`, `anyvl ground`, `anyvl detect` and `anyvl look`: what is found, in any format."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from anyvl.cli.options import (
    DeviceOption,
    DtypeOption,
    FormatOption,
    FoundOption,
    JsonOption,
    ModelOption,
    OverlayOption,
    PhraseArgument,
    PictureArgument,
    given,
    loaded,
    opened,
    progress,
    require_words,
)
from anyvl.errors import InputError


def segment(
    picture: PictureArgument,
    phrase: PhraseArgument,
    samples: Annotated[
        int | None, typer.Option(min=1, help="Draw so many outlines and keep what half of them fill: slower, steadier.")
    ] = None,
    output: FoundOption = None,
    format_name: FormatOption = None,
    overlay: OverlayOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find what a phrase names, as polygons."""
    require_words(phrase)
    _find(
        "segmenting",
        "segment",
        picture,
        {"phrase": phrase, **given(samples=samples)},
        output,
        format_name,
        overlay,
        (model, device, dtype),
        as_json,
    )


def ground(
    picture: PictureArgument,
    phrase: PhraseArgument,
    output: FoundOption = None,
    format_name: FormatOption = None,
    overlay: OverlayOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find what a phrase names, as boxes."""
    require_words(phrase)
    _find(
        "grounding",
        "ground",
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
        given(labels=label),
        output,
        format_name,
        overlay,
        (model, device, dtype),
        as_json,
    )


def look(
    picture: PictureArgument,
    output: FoundOption = None,
    format_name: FormatOption = None,
    overlay: OverlayOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List everything with its colour, as labelled boxes: what the model itself looks at before it answers."""
    _find("looking", "look", picture, {}, output, format_name, overlay, (model, device, dtype), as_json)


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
    """What these commands share: check, find, write, print."""
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

    array = opened(picture)
    frame = Frame(*array.shape[:2])
    with progress(doing) as on_step:
        found = getattr(loaded(*which), method)(array, **question, callback_on_step_end=on_step)

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
