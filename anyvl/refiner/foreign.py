"""Any pipeline of diffusers as the refiner, by the arguments that its call takes.

One with `strength` repaints a picture at its own size: it is enlarged first. One without it is an upscaler: it gets the picture
as it is, and its result is brought to the size that was asked for.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from anyvl.errors import CheckpointError, InputError

_UNIT = 32
"""Sides are brought to multiples of this many px, at least: what latent spaces, their patches and their halvings take."""


def load_pipeline(name: str | Path, device: torch.device, dtype: torch.dtype) -> Any:
    """The pipeline of a folder or hub id, as the one that takes a picture where it is one of a text-to-image family.

    CheckpointError where there is none.
    """
    from diffusers import DiffusionPipeline

    try:
        pipeline = DiffusionPipeline.from_pretrained(str(name), dtype=dtype)
    except (OSError, ValueError, AttributeError) as problem:
        reason = str(problem).strip().splitlines()[0]
        raise CheckpointError(f"diffusers finds no pipeline that it can load at {name}: {reason}") from problem
    return pipeline.to(device)


def as_refiner(pipeline: Any) -> Any:
    """The pipeline itself if its call takes a picture, else its sibling over the same weights that does.

    InputError for one that cannot refine: it says what is missing or what else it wants.
    """
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
        or name in ("mask_image", "control_image")
    ]
    if more := [name for name in wanted if name not in ("prompt", "image")]:
        raise InputError(
            f"{type(pipeline).__name__} cannot refine: beside a picture and a prompt it wants {', '.join(more)}"
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

    InputError for a setting that its call does not take, and for an upscaler that does not enlarge.
    """
    pipeline = as_refiner(pipeline)
    takes, (height, width) = _parameters(pipeline), size
    repaints = "strength" in takes
    asked: dict[str, Any] = {"strength": strength, "num_inference_steps": num_inference_steps}
    settings = {name: value for name, value in asked.items() if value is not None}
    if unknown := [name for name in settings if name not in takes]:
        raise InputError(f"{type(pipeline).__name__} has no setting {', '.join(unknown)}: leave it out")
    known: dict[str, Any] = {
        "prompt": prompt,
        "generator": torch.Generator().manual_seed(seed),
        "callback_on_step_end": callback_on_step_end,
    }
    settings |= {name: value for name, value in known.items() if name in takes}
    unit = max(_UNIT, 2 * getattr(pipeline, "vae_scale_factor", 8))
    if repaints:
        _need_a_step(pipeline, takes, settings)
    given = picture.resize((width, height), Image.Resampling.LANCZOS) if repaints else picture
    given = _continued(given, unit)
    if repaints:
        settings |= {name: side for name, side in (("height", given.height), ("width", given.width)) if name in takes}
    made = pipeline(image=given, output_type="pil", **settings).images[0].convert("RGB")
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


def _parameters(pipeline: Any) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(pipeline.__call__).parameters)


def _need_a_step(pipeline: Any, takes: dict[str, inspect.Parameter], settings: dict[str, Any]) -> None:
    """InputError where strength leaves none of the steps: a pipeline repaints by the last strength × steps of them."""
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


def scheduler_named(name: str, like: Any) -> Any:
    """A scheduler of diffusers by its class name, with the settings of another as far as it has them, for flow matching.

    InputError for a name that is none, or one that cannot follow a flow.
    """
    import diffusers

    kind = getattr(diffusers, name, None)
    if not (isinstance(kind, type) and issubclass(kind, diffusers.SchedulerMixin)):
        raise InputError(
            f"diffusers has no scheduler {name!r}; FlowMatchEulerDiscreteScheduler, FlowMatchHeunDiscreteScheduler, "
            "UniPCMultistepScheduler and DPMSolverMultistepScheduler are some that a refiner can use"
        )
    flows: dict[str, Any] = {}
    if not name.startswith("FlowMatch"):
        if "use_flow_sigmas" not in inspect.signature(kind.__init__).parameters:  # type: ignore[misc]
            raise InputError(f"{name} cannot follow a flow: use one that has flow sigmas")
        flows = {"prediction_type": "flow_prediction", "use_flow_sigmas": True}
    return kind.from_config(like.config, **flows)  # type: ignore[attr-defined]
