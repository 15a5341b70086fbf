"""`anyvl refine`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from anyvl.cli.options import (
    DeviceOption,
    DtypeOption,
    JsonOption,
    ModelOption,
    PictureArgument,
    SeedOption,
    given,
    loaded,
    opened,
    print_pictures,
    progress,
    sides_of,
)
from anyvl.errors import InputError


def refine(
    picture: PictureArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Picture file; without it, refined.png or the next free name.")
    ] = None,
    scale: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many times as large; 4 if nothing is said. Beyond the refiner's largest, the rest by Lanczos.",
        ),
    ] = None,
    box: Annotated[
        str | None,
        typer.Option(
            metavar="X0,Y0,X1,Y1",
            help="Sharpen only this box, in px of the picture: what an edit blurred.",
        ),
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(help="Sharpen only where this picture, of the same size, is white.")
    ] = None,
    refiner: Annotated[
        str | None,
        typer.Option(help="Folder or hub id of a pipeline of diffusers; without it, the model's own refiner."),
    ] = None,
    prompt: Annotated[str | None, typer.Option(help="What the picture shows, for such a pipeline.")] = None,
    strength: Annotated[float | None, typer.Option(help="How freely such a pipeline paints, 0 to 1.")] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Steps of denoising; of our refiner more than one add grain.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Of diffusers, for our refiner: FlowMatchEulerDiscreteScheduler, FlowMatchLCMScheduler, UniPCMultistepScheduler "
            "or DPMSolverMultistepScheduler."
        ),
    ] = None,
    tile: Annotated[
        int | None, typer.Option(help="Px of what our refiner paints that are looked at at once; memory grows with it.")
    ] = None,
    preview: Annotated[
        Path | None, typer.Option(help="Write what our refiner has painted so far to this file after every step.")
    ] = None,
    seed: SeedOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Paint a picture anew in finer detail, larger or in one place."""
    from anyvl.exports.files import picture_targets, require_picture_name, require_writable, write_pictures

    if box is not None and mask is not None:
        raise InputError("say what to sharpen either by --box or by --mask")
    targets = picture_targets(output, "refined.png", 1)
    if preview is not None:
        require_picture_name(preview)
        require_writable(preview)
    array = opened(picture)
    hole: Any = None
    if box is not None:
        hole = sides_of(box, "--box", "2,3,30,40")
    elif mask is not None:
        hole = opened(mask, transparent_is_black=True)
    settings = given(
        scale=scale,
        mask=hole,
        refiner=refiner,
        prompt=prompt,
        strength=strength,
        num_inference_steps=steps,
        scheduler=scheduler,
        tile=tile,
        preview=None if preview is None else lambda shown, done: write_pictures([preview], [shown]),
        seed=seed,
    )
    with progress("refining") as on_step:
        painter = loaded(model, device, dtype)
        on_step(0, 0)
        refined = painter.refine(array, callback_on_step_end=on_step, **settings)
    write_pictures(targets, refined.images)
    print_pictures(targets, refined.images, refined.seeds, [{}], as_json)
