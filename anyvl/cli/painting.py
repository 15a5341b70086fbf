"""`anyvl generate`, `anyvl edit` and `anyvl infill`."""

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
    RefineOption,
    SeedOption,
    given,
    loaded,
    opened,
    print_pictures,
    progress,
    require_words,
    sides_of,
)
from anyvl.errors import InputError


def generate(
    prompt: Annotated[
        str | None, typer.Argument(help="What to paint, in words; may be left out with --layout.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Picture file; without it, painted.png or the next free name.")
    ] = None,
    seed: SeedOption = None,
    num_images: NumImagesOption = 1,
    guidance_scale: GuidanceOption = None,
    plan: Annotated[
        bool | None,
        typer.Option(
            "--plan/--no-plan",
            help="First plan where each thing goes, then paint to the plan; without either as the model does best.",
            show_default=False,
        ),
    ] = None,
    candidates: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Paint so many and keep the one that shows the words best to the model's own eyes.",
            show_default="as many as the model takes",
        ),
    ] = None,
    layout: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X0,Y0,X1,Y1=NAME",
            help="Paint this thing into this box, in px of the picture; give it again for more.",
        ),
    ] = None,
    height: Annotated[int | None, typer.Option(min=1, help="Height in px.")] = None,
    width: Annotated[int | None, typer.Option(min=1, help="Width in px.")] = None,
    refine: RefineOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Paint a picture from words."""
    from anyvl.exports.files import picture_targets, write_pictures

    if prompt is not None or not layout:
        require_words(prompt or "")
    things = [_placed(entry) for entry in layout] if layout else None
    targets = picture_targets(output, "painted.png", num_images)
    settings = given(
        plan=plan,
        candidates=candidates,
        layout=things,
        seed=seed,
        guidance_scale=guidance_scale,
        height=height,
        width=width,
    )
    with progress("painting") as on_step:
        painter = loaded(model, device, dtype)
        if refine is not None:
            painter.check_refine(refine, height, width)
        painted = painter.generate(prompt, num_images_per_prompt=num_images, callback_on_step_end=on_step, **settings)
        images = painted.images
    if refine is not None:
        with progress("refining", "refining") as on_step:
            images = painter.refine(images, scale=refine, seed=painted.seeds, callback_on_step_end=on_step).images
    write_pictures(targets, images)
    plans = [{"plan": _rows(things)} if things is not None else {} for things in painted.plans or [None] * len(targets)]
    print_pictures(targets, images, painted.seeds, plans, as_json)


def edit(
    picture: PictureArgument,
    instruction: Annotated[str, typer.Argument(help='Such as "replace the fox with a cat".', show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Picture file; without it, edited.png or the next free name.")
    ] = None,
    seed: SeedOption = None,
    num_images: NumImagesOption = 1,
    guidance_scale: GuidanceOption = None,
    refine: RefineOption = None,
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
        editor = loaded(model, device, dtype)
        if refine is not None:
            editor.check_refine(None if refine == 1 else refine, *array.shape[:2])
        edited = editor.edit(
            array, instruction, num_images_per_prompt=num_images, callback_on_step_end=on_step, **settings
        )
        images = edited.images
    if refine is not None:
        where = {"mask": edited.changed} if refine == 1 else {"scale": refine}
        with progress("refining", "refining") as on_step:
            images = editor.refine(images, seed=edited.seeds, callback_on_step_end=on_step, **where).images
    write_pictures(targets, images)
    changes = [{"changed_pixels": int(changed.sum())} for changed in edited.changed]
    print_pictures(targets, images, edited.seeds, changes, as_json)


def infill(
    picture: PictureArgument,
    prompt: Annotated[
        str | None,
        typer.Argument(
            help="What the whole picture shows; without it the rest suggests what to paint.", show_default=False
        ),
    ] = None,
    box: Annotated[
        str | None, typer.Option(metavar="X0,Y0,X1,Y1", help="Paint this box anew, in px of the picture.")
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(help="Paint anew where this picture, of the same size, is white.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Picture file; without it, infilled.png or the next free name."),
    ] = None,
    seed: SeedOption = None,
    num_images: NumImagesOption = 1,
    guidance_scale: GuidanceOption = None,
    model: ModelOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Paint a part of a picture anew, as words say or the rest suggests; all other pixels stay as they are."""
    from anyvl.exports.files import picture_targets, write_pictures

    if prompt is not None:
        require_words(prompt)
    hole: Any
    if box is not None and mask is None:
        hole = sides_of(box, "--box", "2,3,30,40")
    elif mask is not None and box is None:
        hole = opened(mask, transparent_is_black=True)
    else:
        raise InputError("say what to paint anew: either by --box or by --mask")
    targets = picture_targets(output, "infilled.png", num_images)
    array = opened(picture)
    settings = given(seed=seed, guidance_scale=guidance_scale)
    with progress("painting") as on_step:
        painted = loaded(model, device, dtype).infill(
            array, hole, prompt, num_images_per_prompt=num_images, callback_on_step_end=on_step, **settings
        )
    write_pictures(targets, painted.images)
    changes = [{"changed_pixels": int(changed.sum())} for changed in painted.changed]
    print_pictures(targets, painted.images, painted.seeds, changes, as_json)


def _placed(entry: str) -> tuple[tuple[float, ...], str]:
    """ "2,3,30,40=a red fox" as a box and a name."""
    box, _, name = entry.partition("=")
    if not name.strip():
        raise InputError(f'--layout is a box and a name, such as "2,3,30,40=a red fox", but {entry!r} came')
    return sides_of(box, "--layout", "2,3,30,40=a red fox"), name.strip()


def _rows(things: Sequence[Any]) -> list[dict[str, Any]]:
    return [{"label": thing.label, "box": [float(side) for side in thing.bounds.as_tuple()]} for thing in things]
