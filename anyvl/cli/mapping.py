"""`anyvl keypoints` and `anyvl dense`: points of a thing, and a number for every pixel."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from anyvl.cli.options import (
    DeviceOption,
    DtypeOption,
    JsonOption,
    ModelOption,
    OverlayOption,
    PhraseArgument,
    PictureArgument,
    as_one_line,
    given,
    loaded,
    opened,
    progress,
    require_words,
)


def keypoints(
    picture: PictureArgument,
    phrase: PhraseArgument,
    name: Annotated[
        list[str] | None, typer.Option(help="Find only this point; give it again for more. Without it, all.")
    ] = None,
    overlay: OverlayOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the key points of the thing that a phrase names."""
    from anyvl.exports.files import picture_file, require_picture_name, require_writable, write_file
    from anyvl.exports.points import point_lines, point_overlay, to_points
    from anyvl.values import Frame

    require_words(phrase)
    if overlay is not None:
        require_picture_name(overlay)
        require_writable(overlay)
    array = opened(picture)
    with progress("looking") as on_step:
        points = loaded(model, device, dtype).keypoints(
            array, phrase, callback_on_step_end=on_step, **given(names=name)
        )
    if overlay is not None:
        write_file(overlay, picture_file(point_overlay(array, points), overlay.suffix))
    if as_json:
        print(as_one_line(to_points(points, Frame(*array.shape[:2]))))
    else:
        print("".join(f"{line}\n" for line in point_lines(points)), end="")
        if not points:
            print("nothing found", file=sys.stderr)
    if overlay is not None:
        print(f"wrote {overlay}", file=sys.stderr)


def dense(
    picture: PictureArgument,
    name: Annotated[str, typer.Argument(help="Which map: instances or depth.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="PNG whose pixel values are the map; without it, map.png or the next free name."
        ),
    ] = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell for every pixel which thing it shows (instances), or how near it is (depth)."""
    import numpy as np

    from anyvl.errors import UnknownNameError
    from anyvl.exports.files import picture_targets, write_file
    from anyvl.exports.png import map_file
    from anyvl.tasks.dense_prediction import MAPS

    if name not in MAPS:
        raise UnknownNameError("map", name, MAPS)
    (target,) = picture_targets(output, "map.png", 1)
    if target.suffix.lower() != ".png":
        raise UnknownNameError("format of a map", target.suffix, [".png"])
    array = opened(picture)
    with progress("mapping") as on_step:
        numbers = loaded(model, device, dtype).dense(array, name, callback_on_step_end=on_step)
    write_file(target, map_file(numbers))
    pixels = {int(number): int(count) for number, count in zip(*np.unique(numbers, return_counts=True), strict=True)}
    if as_json:
        height, width = numbers.shape
        print(as_one_line({"image": {"width": width, "height": height}, "file": str(target), "pixels": pixels}))
    else:
        print(f"{target}  " + ", ".join(f"{number}: {count} px" for number, count in pixels.items()))
