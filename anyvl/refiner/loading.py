"""Pipelines of diffusers from folders and hub ids, and schedulers by name. Weights are safetensors or they are refused."""

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from anyvl.errors import CheckpointError, UnknownNameError
from anyvl.refiner.pipeline import SCHEDULERS, AnyVLRefinerPipeline


def load_pipeline(name: str | Path, device: torch.device, dtype: torch.dtype) -> Any:
    """The pipeline of a folder or hub id, one of ours or any other, ready to paint and without a progress bar of its own.

    CheckpointError where there is none, or none in safetensors.
    """
    from diffusers import DiffusionPipeline

    if (isinstance(name, Path) or _is_path(name)) and not (name := Path(name).expanduser()).is_dir():
        raise CheckpointError(f"there is no folder {name}: give that of a pipeline of diffusers, or a hub id")
    try:
        kind = DiffusionPipeline.load_config(str(name)).get("_class_name")
        ours = kind == AnyVLRefinerPipeline.__name__
        chosen = AnyVLRefinerPipeline if ours else DiffusionPipeline
        with contextlib.nullcontext() if sys.stderr.isatty() and not ours else _no_bars():
            pipeline = chosen.from_pretrained(str(name), dtype=dtype, use_safetensors=True)
    except (OSError, ValueError, AttributeError, KeyError) as problem:
        reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        raise CheckpointError(
            f"diffusers finds no pipeline in safetensors that it can load at {name} (nothing is there, the hub is out of reach, "
            f"or it is another kind of model: one of anyvl has its refiner in its folder refiner/): {reason}"
        ) from problem
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)


def _is_path(name: str) -> bool:
    """Whether a name cannot be a hub's: those are of an owner and a model, and the owner is no folder here."""
    return not re.fullmatch(r"[\w.-]+/[\w.-]+", name) or Path(name).parent.is_dir()


def load_refiner(folder: Path, device: torch.device, dtype: torch.dtype) -> AnyVLRefinerPipeline:
    """A refiner of this library from its folder; CheckpointError for another pipeline."""
    pipeline = load_pipeline(folder, device, dtype)
    if not isinstance(pipeline, AnyVLRefinerPipeline):
        raise CheckpointError(
            f"{folder} is a {type(pipeline).__name__}, not a refiner of this library: `AnyVL.refine` takes it as refiner=..."
        )
    return pipeline


def with_scheduler(pipeline: AnyVLRefinerPipeline, name: str) -> AnyVLRefinerPipeline:
    """The same refiner under another scheduler, one of `SCHEDULERS`, with the settings of its own as far as it has them."""
    import diffusers

    if name not in SCHEDULERS:
        raise UnknownNameError("scheduler", name, SCHEDULERS)
    flows = {} if name.startswith("FlowMatch") else {"prediction_type": "flow_prediction", "use_flow_sigmas": True}
    scheduler = getattr(diffusers, name).from_config(pipeline.scheduler.config, **flows)
    other = AnyVLRefinerPipeline(pipeline.unet, scheduler, gain=pipeline.config.gain)
    other.set_progress_bar_config(disable=True)
    return other


@contextlib.contextmanager
def _no_bars() -> Iterator[None]:
    """Without the bars that diffusers draws while it loads, wherever stderr goes."""
    from diffusers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
