"""`anyvl generate` and `anyvl edit`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from anyvl.cli.options import (
    DeviceOption,
    DtypeOption,
    GuidanceOption,
    JsonOption,
    ModelOption,
    NumImagesOption,
    PictureArgument,
    SeedOption,
    as_one_line,
    given,
    loaded,
    opened,
    progress,
    require_words,
)


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

    require_words(prompt)
    targets = picture_targets(output, "painted.png", num_images)
    settings = given(seed=seed, guidance_scale=guidance_scale, height=height, width=width)
    with progress("painting") as on_step:
        painted = loaded(model, device, dtype).generate(
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

    require_words(instruction)
    targets = picture_targets(output, "edited.png", num_images)
    array = opened(picture)
    settings = given(seed=seed, guidance_scale=guidance_scale)
    with progress("editing") as on_step:
        edited = loaded(model, device, dtype).edit(
            array, instruction, num_images_per_prompt=num_images, callback_on_step_end=on_step, **settings
        )
    write_pictures(targets, edited.images)
    changes = [{"changed_pixels": int(changed.sum())} for changed in edited.changed]
    _print_pictures(targets, edited.images, edited.seeds, changes, as_json)


def _print_pictures(
    targets: Sequence[Path], images: Sequence[Any], seeds: Sequence[int], more: Sequence[dict[str, int]], as_json: bool
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
