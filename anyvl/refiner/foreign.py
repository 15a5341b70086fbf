"""Any pipeline of diffusers as the refiner, by the arguments that its call takes.

One with `strength` repaints a picture at its own size: it is enlarged first. One without it is an upscaler: it gets the picture
as it is, and its result is brought to the size that was asked for.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image

from anyvl.errors import InputError

_UNIT = 32
"""Sides are brought to multiples of this many px, at least: what latent spaces, their patches and their halvings take."""


def as_refiner(pipeline: Any) -> Any:
    """The pipeline itself if its call takes a picture, else its sibling over the same weights that does.

    InputError for one that cannot refine: it says what is missing or what else it wants.
    """
    if not callable(pipeline):
        raise InputError(f"a refiner is a pipeline of diffusers, its folder or its hub id, not {pipeline!r}")
    if "image" not in _parameters(pipeline):
        from diffusers import AutoPipelineForImage2Image

        try:
            pipeline = AutoPipelineForImage2Image.from_pipe(pipeline)
        except (ValueError, AttributeError):
            raise InputError(
                f"{type(pipeline).__name__} cannot refine: it takes no picture. Use an image-to-image or an upscale pipeline"
            ) from None
    wanted = [
        name
        for name, parameter in _parameters(pipeline).items()
        if (parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD)
        or name in ("mask_image", "control_image", "num_frames")
    ]
    if more := [name for name in wanted if name not in ("prompt", "image")]:
        raise InputError(
            f"{type(pipeline).__name__} cannot refine: beside a picture and a prompt it wants {', '.join(more)}"
        )
    takes = {*_parameters(pipeline)}
    if takes & {"height", "width"} and not takes & {"strength", "noise_level"}:
        raise InputError(
            f"{type(pipeline).__name__} cannot refine: it takes a size but neither strength nor noise_level, so it "
            "paints a picture of its own to the one it is shown. Use an image-to-image or an upscale pipeline"
        )
    return pipeline


def repaint(
    pipeline: Any,
    picture: Image.Image,
    size: tuple[int, int],
    *,
    prompt: str,
    seed: int,
    strength: float | None = None,
    num_inference_steps: int | None = None,
    callback_on_step_end: Callable[..., dict[str, Any]] | None = None,
) -> Image.Image:
    """The picture at a size (height, width), as the pipeline paints it.

    InputError for a setting that its call does not take, and for an upscaler that does not enlarge. A call that takes no
    callback tells of no steps.
    """
    pipeline = as_refiner(pipeline)
    takes, (height, width) = _parameters(pipeline), size
    if num_inference_steps is not None and num_inference_steps < 1:
        raise InputError(f"refining takes at least 1 step, but {num_inference_steps} came")
    repaints = keeps_size(pipeline)
    asked: dict[str, Any] = {"strength": strength, "num_inference_steps": num_inference_steps, "prompt": prompt or None}
    settings = {name: value for name, value in asked.items() if value is not None}
    if unknown := [name for name in settings if name not in takes]:
        raise InputError(f"{type(pipeline).__name__} has no setting {', '.join(unknown)}: leave it out")
    known: dict[str, Any] = {
        "prompt": prompt,  # also the empty one, which its call may ask for
        "generator": torch.Generator().manual_seed(seed % 2**64),
        "callback_on_step_end": callback_on_step_end,
    }
    if callback_on_step_end is not None and "callback" in takes:  # as older pipelines name it, without their tensors
        known["callback"] = lambda step, time, _: callback_on_step_end(pipeline, step, time, {})
    settings |= {name: value for name, value in known.items() if name in takes}
    unit = max(_UNIT, 2 * getattr(pipeline, "vae_scale_factor", 8))
    if repaints:
        _need_a_step(pipeline, takes, settings)
    given = picture.resize((width, height), Image.Resampling.LANCZOS) if repaints else picture
    given = _continued(given, unit)
    if repaints:
        settings |= {name: side for name, side in (("height", given.height), ("width", given.width)) if name in takes}
    answer = pipeline(image=given, output_type="pil", **settings)
    if not getattr(answer, "images", None):
        raise InputError(
            f"{type(pipeline).__name__} cannot refine: it gives no pictures. Use an image-to-image pipeline"
        )
    made = answer.images[0].convert("RGB")
    if repaints:
        return made.crop((0, 0, width, height))
    factor = made.width / given.width
    if factor <= 1 or made.height != round(factor * given.height):
        raise InputError(
            f"{type(pipeline).__name__} does not enlarge: {given.width} × {given.height} px came back as "
            f"{made.width} × {made.height}. Use an image-to-image or an upscale pipeline"
        )
    made = made.crop((0, 0, round(factor * picture.width), round(factor * picture.height)))
    return made if made.size == (width, height) else made.resize((width, height), Image.Resampling.LANCZOS)


def keeps_size(pipeline: Any) -> bool:
    """Whether it repaints a picture at its own size; else it is an upscaler."""
    return "strength" in _parameters(pipeline)


def _parameters(pipeline: Any) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(pipeline.__call__).parameters)


def _need_a_step(pipeline: Any, takes: dict[str, inspect.Parameter], settings: dict[str, Any]) -> None:
    """InputError where strength leaves none of the steps: a pipeline repaints by the last strength × steps of them."""
    if "num_inference_steps" not in takes:
        return
    steps, strength = (settings.get(name, takes[name].default) for name in ("num_inference_steps", "strength"))
    if not 0 <= strength <= 1 or int(steps * strength) < 1:
        raise InputError(
            f"{type(pipeline).__name__} repaints by strength × num_inference_steps steps, at least one, with strength up to 1: "
            f"{strength} × {steps} came"
        )


def _continued(picture: Image.Image, unit: int) -> Image.Image:
    """The picture continued to the right and below, by its last column and row, to multiples of `unit`."""
    more = [-side % unit for side in (picture.height, picture.width)]
    return Image.fromarray(np.pad(np.asarray(picture), ((0, more[0]), (0, more[1]), (0, 0)), mode="edge"))
