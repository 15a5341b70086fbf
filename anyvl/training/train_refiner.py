"""Train the refiner: drawn scenes at high resolution, from what their codes give back at the size of the decoder's pictures."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from anyvl.checkpoint import load_parts
from anyvl.data.scenes.draw import to_uint8
from anyvl.errors import CheckpointError, ConfigError
from anyvl.model.image_tokenizer import VQGANTokenizer, load_image_tokenizer, share_codebook
from anyvl.refiner import (
    AnyVLRefinerPipeline,
    clean_residual,
    enlarged,
    load_refiner,
    new_refiner,
    residual,
)
from anyvl.training.config import RefinerRun
from anyvl.training.enlargements import Enlargements
from anyvl.training.loop import Job, native_precision, train
from anyvl.training.optimizer import refiner_optimizers
from anyvl.training.record import record
from anyvl.training.sheets import save_sheet
from anyvl.training.slips import Slips

_SHOWN = 6
_TOLD = 4
"""Codes that a refiner is saved with."""
_FLOOR = 0.01
"""Squared error of a residual below which there is little left to gain."""


def train_refiner(run: RefinerRun, folder: Path, deadline: float | None = None) -> int:
    """Train or go on training; the pipeline is written to `folder/model`. Returns the steps done."""
    torch.manual_seed(run.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = load_image_tokenizer(Path(run.image_tokenizer).expanduser(), device)
    codec = tokenizer.model.config
    _require_squares(run, codec.factor)
    painter = new_refiner(
        channels=run.channels,
        depth=run.depth,
        scales=run.scales,
        code_dim=codec.code_dim,
        cell=codec.factor,
        gain=run.gain,
        codes=tokenizer.model.quantize.codebook[:_TOLD].tolist(),
    )
    painter.set_progress_bar_config(disable=True)
    if run.start is not None:
        _start_from(run.start, painter, tokenizer)
    parts = None if run.decoder is None else load_parts(run.decoder, device)
    if parts is not None and not share_codebook(tokenizer, parts.tokenizer):
        raise CheckpointError(f"{run.decoder} learnt other codes than those of {run.image_tokenizer}")
    made = Enlargements(run, tokenizer, None if parts is None else Slips(parts=parts))

    def loss(unet: nn.Module, batch: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor]]:
        small = batch["small"]
        scale = batch["truth"].shape[-1] // small.shape[-1]
        clean = residual(batch["truth"], small, scale, run.gain)
        dice = torch.Generator(clean.device).manual_seed(run.seed * 2**32 + step)
        noise = torch.randn(clean.shape, generator=dice, device=clean.device)
        sigma = batch["sigma"][:, None, None, None]
        noisy = (1 - sigma) * clean + sigma * noise
        said = clean_residual(unet, noisy, small, batch["vectors"], batch["sigma"], scale).float()
        # Of the residual, not of the velocity: that would weigh the ends of flows most, where few steps hardly come.
        error = (said - clean).pow(2).mean((1, 2, 3))
        # What is to get better is a mean of decibels, of squares with little detail and with much.
        total = (error + _FLOOR).log().mean()
        return total, {"error": error.mean(), "residual": clean.pow(2).mean()}

    def sheet(unet: nn.Module, path: Path) -> None:
        scale = max(run.scales)
        shown = made.sample(np.random.default_rng((run.seed, 4)), scale, _SHOWN)
        dice = torch.Generator().manual_seed(0)
        small = shown.small / 2 + 0.5
        refined = painter(small, shown.vectors, scale=scale, generator=dice, output_type="pt").images
        rows = (enlarged(small, scale), refined, shown.truth / 2 + 0.5)
        save_sheet([list(to_uint8(row.float().clamp(0, 1)).cpu().numpy()) for row in rows], path)

    precision = native_precision() if run.precision == "auto" else run.precision
    unet: nn.Module = painter.unet
    unet.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    job: Job[nn.Module] = Job(
        batch=made.batch,
        loss=loss,
        optimizers=refiner_optimizers(unet, run.schedule, torch.bfloat16 if precision == "bf16" else torch.float32),
        sheet=sheet,
        export=lambda unet, out: _export(painter, unet, out),
        units=lambda batch: len(batch["small"]),
    )
    record(run, folder)
    return train(unet, job, folder, schedule=run.schedule, keeping=run.keeping, precision=precision, deadline=deadline)


def _start_from(folder: str, painter: AnyVLRefinerPipeline, tokenizer: VQGANTokenizer) -> None:
    """Take over the weights of a saved refiner; ConfigError where there is none, one of another form or for other codes."""
    if not Path(folder).expanduser().is_dir():
        raise ConfigError(
            f"the run starts from a saved refiner, but there is no folder {folder}: train one first "
            "(configs/refiner_default.py), or give another by --set start=FOLDER"
        )
    saved = load_refiner(Path(folder).expanduser(), torch.device("cpu"), torch.float32)
    own = _form(painter)
    for name, value in _form(saved).items():
        if value != own[name]:
            raise ConfigError(
                f"{folder} has {name} {value}, this run {own[name]}: start from a refiner of the same form"
            )
    if not saved.knows(tokenizer.model.quantize.codebook):
        raise ConfigError(
            f"{folder} was trained with other codes: start from a refiner that knows the same image tokenizer"
        )
    painter.unet.load_state_dict(saved.unet.state_dict())


def _form(painter: AnyVLRefinerPipeline) -> dict[str, Any]:
    """What the weights of a refiner depend on."""
    form = painter.unet.config
    return {
        "channels": [*form.channels],
        "depth": form.depth,
        "scales": [*form.scales],
        "code_dim": form.code_dim,
        "gain": painter.config.gain,
    }


def _require_squares(run: RefinerRun, cell: int) -> None:
    """ConfigError where the batch is no whole number of pictures, a square is larger than one of them, or the world's cells are
    others than those of `cell` px that the tokenizer has a code for."""
    if run.world.factor != cell:
        raise ConfigError(
            f"the tokenizer has a code for {cell} × {cell} px, the world for {run.world.factor} × {run.world.factor}: give "
            f"--set world.factor={cell}"
        )
    if run.batch % run.crops:
        raise ConfigError(
            f"a batch of {run.batch} squares takes {run.crops} out of every picture: give a multiple of it"
        )
    least = min(side for grid in run.world.grids for side in grid)
    if run.cells > least:
        raise ConfigError(f"squares of {run.cells} cells are larger than a grid of {least} rows or columns")


def _export(painter: AnyVLRefinerPipeline, unet: nn.Module, folder: Path) -> None:
    """The pipeline's folder around a network, weights in bf16."""
    # diffusers' own `to` warns of what it need not keep in fp32.
    rounded: Any = nn.Module.to(copy.deepcopy(unet), torch.bfloat16)
    AnyVLRefinerPipeline(rounded, painter.scheduler, gain=painter.config.gain).save_pretrained(folder)
