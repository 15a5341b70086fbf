"""Train the image tokenizer on drawn scenes: L1 on pixels and on their differences, perhaps a critic; codes are kept alive."""

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

from anyvl.data.scenes.draw import draw, to_uint8
from anyvl.data.scenes.world import World
from anyvl.model.image_tokenizer import load_image_tokenizer, save_image_tokenizer
from anyvl.model.vqgan import VQGAN, VQGANConfig
from anyvl.training.config import VQGANRun, built
from anyvl.training.critic import Critic, Studio, criticism
from anyvl.training.loop import Job, train
from anyvl.training.record import record
from anyvl.training.sheets import save_sheet

_SHARPNESS = 50.0
"""Of reading painted pictures back: codes as far apart as neighbours mostly are differ tenfold or so in their chance."""

_ONE_IN = 8
"""Of so many cells one is asked in a step what it is read as."""
_COUNTED, _AT_ONCE = 600, 20
"""Scenes that tell how common codes are, and how many of them are encoded at a time."""


def train_vqgan(run: VQGANRun, folder: Path, deadline: float | None = None) -> int:
    """Train or go on training; the tokenizer is written to `folder/model/image_tokenizer`. Returns the steps done."""
    torch.manual_seed(run.seed)
    start = None if run.start is None else load_image_tokenizer(Path(run.start).expanduser()).model
    model = VQGAN(start.config if start is not None and not run.model else built(VQGANConfig, run.model))
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start is not None:
        _start_from(start, model)
    world = run.world.world()
    sprites = world.sprites.to("cuda" if torch.cuda.is_available() else "cpu")
    if run.keep_codes:
        model.keep_codes()
        unite_codes(model, world)
    else:
        model.quantize.read_as.copy_(torch.arange(model.config.num_codes))  # codes that move stand for themselves
    studio = Studio(model, Critic() if run.adversarial_weight or run.feature_weight else None)

    def batch(step: int, rank: int) -> Mapping[str, Tensor]:
        rng = np.random.default_rng((run.seed, 1, step, rank))
        rows, columns = run.world.grids[step % len(run.world.grids)]
        height, width = rows * run.world.factor, columns * run.world.factor
        scenes = [world.any_scene(rng, height, width, anywhere=rng.random() < run.anywhere) for _ in range(run.batch)]
        return {"picture": draw(scenes, sprites) * 2 - 1}

    def loss(studio: Studio, batch: Mapping[str, Tensor], step: int) -> tuple[Tensor, dict[str, Tensor]]:
        picture = batch["picture"].contiguous(memory_format=torch.channels_last)
        painted, quantised = studio.painter(picture)
        error = (painted.float() - picture) * _detail(picture)
        pixel = error.abs().mean()
        # Differences of neighbours: what L1 alone leaves blurred is paid for here.
        edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
        total = pixel + run.gradient_weight * edges + run.commitment_weight * quantised.commitment
        usage = quantised.codes.unique().numel() / model_codes
        psnr = 10 * torch.log10(4 / (painted.detach().float() - picture).pow(2).mean((1, 2, 3))).mean()
        said = {"pixel": pixel, "edges": edges, "psnr": psnr, "batch_usage": torch.tensor(usage)}
        if run.return_weight:
            unsure, returned = _read_back(studio.painter, painted, quantised.codes, step)
            total = total + run.return_weight * unsure
            said |= {"unsure": unsure, "returned": returned}
        if studio.critic is not None:
            paid, heard = criticism(
                studio.critic,
                painted,
                picture,
                adversarial_weight=run.adversarial_weight,
                feature_weight=run.feature_weight,
                trust=run.schedule.trust(step),
            )
            total = total + paid
            said |= heard
        return total, said

    def after(studio: Studio, batch: Mapping[str, Tensor], step: int) -> None:
        due = step % run.revive_every == run.revive_every - 1 and step < 0.95 * run.schedule.steps
        if due and not run.keep_codes:
            with torch.no_grad():
                vectors = rearrange(studio.painter.latents(batch["picture"]), "b d r c -> (b r c) d")
            studio.painter.quantize.revive(vectors, torch.Generator().manual_seed(run.seed * 1_000_003 + step))

    def sheet(studio: Studio, path: Path) -> None:
        rows, columns = run.world.grids[0]
        height, width = rows * run.world.factor, columns * run.world.factor
        scenes = [world.any_scene(np.random.default_rng((run.seed, 2, i)), height, width) for i in range(24)]
        pictures = draw(scenes, sprites).cpu()
        with torch.no_grad():
            painted = model((pictures * 2 - 1).to(model.quant_conv.weight.device))[0].float().cpu() / 2 + 0.5
        arrays = [rearrange((p.clamp(0, 1) * 255).byte(), "b c y x -> b y x c").numpy() for p in (pictures, painted)]
        save_sheet([[a[i] for i in range(s, s + 12)] for s in (0, 12) for a in arrays], path)

    model_codes = model.config.num_codes
    trained = [p for p in studio.parameters() if p.requires_grad]
    norm_and_bias = [p for p in trained if p.ndim < 2]
    weights = [p for p in trained if p.ndim >= 2]
    optimizer = torch.optim.AdamW(
        [
            {"params": weights, "weight_decay": run.schedule.weight_decay, "peak": run.schedule.rate},
            {"params": norm_and_bias, "weight_decay": 0.0, "peak": run.schedule.rate},
        ],
        lr=run.schedule.rate,
        betas=(0.9, 0.95),
    )
    job: Job[Studio] = Job(
        batch=batch,
        loss=loss,
        after=after,
        optimizers=[optimizer],
        sheet=sheet,
        export=lambda studio, folder: save_image_tokenizer(studio.painter, folder / "image_tokenizer"),
        units=lambda batch: len(batch["picture"]),
    )
    record(run, folder)
    return train(
        studio, job, folder, schedule=run.schedule, keeping=run.keeping, precision=run.precision, deadline=deadline
    )


def unite_codes(model: VQGAN, world: World) -> None:
    """Have codes that stand for nearly the same read as one, by how common they are in the world, where none is united yet."""
    quantize = model.quantize
    if not torch.equal(quantize.read_as.cpu(), torch.arange(quantize.num_codes)):
        return
    scenes = [
        [world.scene(index) for index in range(grid, _COUNTED, len(world.grids))] for grid in range(len(world.grids))
    ]
    parts = [some[start : start + _AT_ONCE] for some in scenes for start in range(0, len(some), _AT_ONCE)]
    codes = torch.cat([model.encode(to_uint8(draw(part, world.sprites))).flatten() for part in parts])
    many = quantize.unite(torch.bincount(codes, minlength=quantize.num_codes).float())
    print(f"{many} of {quantize.num_codes} codes are as good as others: they are read as those", file=sys.stderr)


def _read_back(
    tokenizer: VQGAN,
    painted: Float[Tensor, "batch 3 height width"],
    codes: Int[Tensor, "batch rows columns"],
    step: int,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """The cross-entropy of reading painted pictures as the codes they were painted from, and the share that is read so.

    The chance of a code is a softmax of minus the squared distance from it: so sharp that codes which stand close count as apart.
    Of `_ONE_IN` cells one is asked, another one every step: all codes of all cells are more numbers than all else together.
    """
    with torch.autocast(painted.device.type, enabled=False):
        vectors = rearrange(tokenizer.latents(painted.float()), "b d r c -> (b r c) d")[step % _ONE_IN :: _ONE_IN]
        if tokenizer.config.normalize:
            vectors = nn.functional.normalize(vectors, dim=-1)
        book, read_as = tokenizer.quantize.codebook, tokenizer.quantize.read_as
        scores = _SHARPNESS * (2 * vectors @ book.T - book.pow(2).sum(-1))
        scores = scores.masked_fill(read_as != torch.arange(len(book), device=book.device), -torch.inf)
    flat = codes.flatten()[step % _ONE_IN :: _ONE_IN]
    return nn.functional.cross_entropy(scores, flat), (scores.detach().argmax(-1) == flat).float().mean()


def _detail(picture: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 1 height width"]:
    """Weight of each pixel: 1 on even ground to 4 near strong edges, where a thing is and where blur would show."""
    across = nn.functional.pad(picture.diff(dim=-1).abs().amax(1, keepdim=True), (0, 1, 0, 0))
    down = nn.functional.pad(picture.diff(dim=-2).abs().amax(1, keepdim=True), (0, 0, 0, 1))
    strength = nn.functional.max_pool2d(torch.maximum(across, down), 5, stride=1, padding=2)
    return 1 + 3 * (2 * strength).clamp(max=1)


@torch.no_grad()
def _start_from(start: VQGAN, model: VQGAN) -> None:
    """Take over the weights of a saved tokenizer that have the same name and shape here, and say what starts anew."""
    old, own = start.state_dict(), model.state_dict()
    fitting = {name: value for name, value in old.items() if name in own and own[name].shape == value.shape}
    model.load_state_dict({**own, **fitting})
    fresh = sorted({name.split(".")[0] for name in own.keys() - fitting.keys()})
    print(f"starting from a saved tokenizer; anew: {', '.join(fresh) or 'nothing'}", file=sys.stderr)
