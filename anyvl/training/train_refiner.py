"""Train the refiner: drawn scenes at high resolution, from what their codes give back at the size of the decoder's pictures."""

import copy
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from anyvl.data.scenes.draw import draw, to_uint8
from anyvl.model.image_tokenizer import load_image_tokenizer
from anyvl.refiner import AnyVLRefinerPipeline, conditions, enlarged, new_refiner, residual
from anyvl.training.config import RefinerRun
from anyvl.training.loop import Job, train
from anyvl.training.record import record
from anyvl.training.sheets import save_sheet

_SHOWN = 6


def train_refiner(run: RefinerRun, folder: Path, deadline: float | None = None) -> int:
    """Train or go on training; the pipeline is written to `folder/model`. Returns the steps done."""
    torch.manual_seed(run.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = load_image_tokenizer(Path(run.image_tokenizer).expanduser(), device)
    code_dim = tokenizer.model.config.code_dim
    world = run.world.world()
    sprites = world.sprites.to(device)
    painter = new_refiner(
        channels=run.channels,
        layers_per_block=run.layers_per_block,
        patch=run.patch,
        gain=run.gain,
        scales=run.scales,
        code_dim=code_dim,
    )
    painter.set_progress_bar_config(disable=True)

    def pair(rng: np.random.Generator, scale: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures, perhaps as their codes give them back, at the decoder's size; at `scale` times it; and their code vectors."""
        rows, columns = world.grids[int(rng.integers(len(world.grids)))]
        scenes = [
            world.any_scene(rng, rows * world.factor, columns * world.factor, anywhere=rng.random() < run.anywhere)
            for _ in range(count)
        ]
        small = to_uint8(draw(scenes, sprites))
        codes = tokenizer.encode_batch(small)
        if rng.random() >= run.clean:
            small = tokenizer.model.decode(codes)
        picture = rearrange(small.float() / 127.5 - 1, "b y x c -> b c y x")
        return picture, draw(scenes, sprites, scale) * 2 - 1, tokenizer.model.quantize.look_up(codes).float()

    def batch(step: int, rank: int) -> Mapping[str, Tensor]:
        rng = np.random.default_rng((run.seed, 3, step, rank))
        scale = run.scales[step % len(run.scales)]
        small, truth, vectors = pair(rng, scale, run.batch // run.crops)
        rows, columns = vectors.shape[-2:]
        crops = [
            (int(rng.integers(rows - run.cells + 1)), int(rng.integers(columns - run.cells + 1)))
            for _ in range(run.batch)
        ]

        def cut(planes: Tensor, cell: int) -> Tensor:
            squares = [
                _square(planes[i // run.crops], row, column, run.cells, cell) for i, (row, column) in enumerate(crops)
            ]
            return torch.stack(squares)

        return {
            "small": cut(small, world.factor),
            "truth": cut(truth, world.factor * scale),
            "vectors": cut(vectors, 1),
            "sigma": torch.from_numpy(rng.random(len(crops), dtype=np.float32)).to(device),
            "scale": torch.tensor(scale),
        }

    def loss(unet: nn.Module, batch: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor]]:
        scale = int(batch["scale"])
        large = enlarged(batch["small"], scale)
        clean = residual(batch["truth"], large, run.patch, run.gain)
        noise = torch.randn(clean.shape, generator=torch.Generator(clean.device).manual_seed(step), device=clean.device)
        sigma = batch["sigma"][:, None, None, None]
        noisy = (1 - sigma) * clean + sigma * noise
        seen = conditions(large, batch["vectors"], run.patch, code_dim)
        labels = torch.full((len(noisy),), run.scales.index(scale), device=noisy.device)
        said = unet(torch.cat((noisy, seen), dim=1), batch["sigma"] * 1000, class_labels=labels, return_dict=False)[0]
        error = (said.float() - (noise - clean)).pow(2).mean()
        return error, {"residual": clean.pow(2).mean()}

    def sheet(unet: nn.Module, path: Path) -> None:
        scale = max(run.scales)
        small, truth, vectors = pair(np.random.default_rng((run.seed, 4)), scale, _SHOWN)
        painter.unet = unet
        refined = painter(
            small, vectors, scale=scale, generator=torch.Generator().manual_seed(0), output_type="pt"
        ).images
        rows = (enlarged(small, scale) / 2 + 0.5, refined, truth / 2 + 0.5)
        save_sheet([list(to_uint8(row.float().clamp(0, 1)).cpu().numpy()) for row in rows], path)

    unet: nn.Module = painter.unet
    unet.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    weights = [p for p in unet.parameters() if p.ndim >= 2]
    norm_and_bias = [p for p in unet.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [
            {"params": weights, "weight_decay": run.schedule.weight_decay, "peak": run.schedule.rate},
            {"params": norm_and_bias, "weight_decay": 0.0, "peak": run.schedule.rate},
        ],
        lr=run.schedule.rate,
        betas=(0.9, 0.99),
    )
    job: Job[nn.Module] = Job(
        batch=batch,
        loss=loss,
        optimizers=[optimizer],
        sheet=sheet,
        export=lambda unet, out: _export(painter, unet, out),
        units=lambda batch: len(batch["small"]),
    )
    record(run, folder)
    return train(
        unet, job, folder, schedule=run.schedule, keeping=run.keeping, precision=run.precision, deadline=deadline
    )


def _export(painter: AnyVLRefinerPipeline, unet: nn.Module, folder: Path) -> None:
    """The pipeline's folder around a network, weights in bf16."""
    settings = {name: painter.config[name] for name in ("patch", "gain", "scales", "code_dim")}
    rounded = copy.deepcopy(unet).to(torch.bfloat16)
    AnyVLRefinerPipeline(rounded, painter.scheduler, **settings).save_pretrained(folder)


def _square(
    planes: Float[Tensor, "channel height width"], row: int, column: int, cells: int, cell: int
) -> Float[Tensor, "channel _ _"]:
    """cells × cells cells of `cell` px each, from a cell on."""
    return planes[:, row * cell : (row + cells) * cell, column * cell : (column + cells) * cell]
