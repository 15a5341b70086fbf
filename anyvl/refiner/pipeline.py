"""`AnyVLRefinerPipeline`: our small refiner as a pipeline of diffusers, whose schedulers of flows and whose tools apply."""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler
from diffusers.image_processor import VaeImageProcessor
from diffusers.pipelines.pipeline_utils import ImagePipelineOutput
from diffusers.utils.torch_utils import randn_tensor
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad, pixel_shuffle, pixel_unshuffle

from anyvl.errors import ConfigError, InputError
from anyvl.refiner.enlarging import enlarged, enlarged_part
from anyvl.refiner.network import RefinerUNet
from anyvl.refiner.tiles import Tile, blended, tiles

SCHEDULERS = (
    "FlowMatchEulerDiscreteScheduler",
    "FlowMatchLCMScheduler",
    "UniPCMultistepScheduler",
    "DPMSolverMultistepScheduler",
)
"""Those of diffusers that follow a flow to its end in few steps, by class name. (Its DEIS stops before the end; its Heun averages
with velocities at the very end of it, where the network's errors are divided by next to nothing.)"""
OnStepEnd = Callable[[Any, int, Any, dict[str, Any]], dict[str, Any] | None]
TILE, OVERLAP = 512, 64
"""Px of the refined picture that the network sees at a time, and that neighbouring tiles share, where nothing is said."""
_SAME = 0.02
"""How far numbers of codes that are the same may be apart, of the largest one."""
_BAND = 256
"""About how many rows of px are enlarged at a time at the end."""


class AnyVLRefinerPipeline(DiffusionPipeline):
    """Paints a picture anew at 2 or 4 times its size, true to its content.

    A U-Net denoises what the true picture has beside the enlarged one (the residual, times `gain`, so that it is about as wide as
    the noise) by flow matching (Lipman et al. 2023, arXiv:2210.02747; told of the picture as in SR3, Saharia et al. 2021,
    arXiv:2104.07636). It sees the small picture and the vectors of its image codes, and which scale is asked for; a place of it
    is a pixel of the small picture.
    """

    model_cpu_offload_seq = "unet"
    _callback_tensor_inputs = ["latents", "preview"]  # noqa: RUF012 - diffusers' word

    def __init__(
        self,
        unet: RefinerUNet,
        scheduler: Any,
        gain: float = 8.0,
    ) -> None:
        super().__init__()
        self.register_modules(unet=unet, scheduler=scheduler)
        self.register_to_config(gain=gain)
        self.image_processor = VaeImageProcessor(do_resize=False, vae_scale_factor=1, do_convert_rgb=True)
        self._interrupt = False

    def save_pretrained(self, save_directory: str | Path, **settings: Any) -> None:
        """Write the pipeline's folder, and in it the line by which `DiffusionPipeline.from_pretrained(folder,
        custom_pipeline=folder, trust_remote_code=True)` finds this class; of a hub's pipeline it does after
        `import anyvl.refiner`."""
        folder = Path(save_directory)
        folder.mkdir(parents=True, exist_ok=True)  # written first: what is pushed to a hub holds it too
        (folder / "pipeline.py").write_text("from anyvl.refiner import AnyVLRefinerPipeline  # noqa: F401\n")
        super().save_pretrained(str(save_directory), **settings)

    @property
    def scales(self) -> tuple[int, ...]:
        """How many times as large it can paint a picture."""
        return tuple(self.unet.config.scales)

    @property
    def code_shape(self) -> tuple[int, int]:
        """How many numbers stand for a code, and how many px a side of the small picture."""
        return self.unet.config.code_dim, self.unet.cell

    def knows(self, codebook: Float[Tensor, "code dim"]) -> bool:
        """Whether it was trained with these codes, rounded to half the precision or not; any of the right length where it does
        not tell."""
        told = torch.tensor(self.unet.config.codes, dtype=torch.float32)
        if codebook.shape[1] != self.unet.config.code_dim or len(codebook) < len(told):
            return False
        return len(told) == 0 or torch.allclose(
            codebook[: len(told)].float().cpu(), told, rtol=0, atol=_SAME * float(told.abs().max())
        )

    @torch.no_grad()
    def __call__(
        self,
        image: Any,
        code_vectors: Float[Tensor, "batch dim rows columns"] | None = None,
        *,
        scale: int = 4,
        num_inference_steps: int = 1,
        tile: int = TILE,
        overlap: int = OVERLAP,
        generator: torch.Generator | list[torch.Generator] | None = None,
        output_type: str = "pil",
        return_dict: bool = True,
        callback_on_step_end: OnStepEnd | None = None,
        callback_on_step_end_tensor_inputs: Sequence[str] = ("latents",),
        callback_on_tile_end: Callable[[], None] | None = None,
    ) -> Any:
        """Pictures (whatever diffusers takes: PIL, already upright, arrays and tensors in [0, 1]) at `scale` times their size.

        code_vectors: entries of the codebook for the picture's codes, so many rows and columns as the picture has cells;
        without them what it paints is less true. tile, overlap: px of the refined picture; the network sees a tile at a time,
        so that its memory is that of one; what grows with the result are its noise and its pixels, in fp32. The callback gets
        what its inputs name: the noisy residual in patches as "latents", which it may exchange, and the picture as it would be
        if this step were the last, in [0, 1], as "preview". Setting `pipeline._interrupt` in it ends the refining there, with
        what noise is left. The callback of tiles is called after each tile of every step; what it raises ends the refining too.
        One step paints what is likeliest, whatever the generator; more choose, and add grain (`anyvl evaluate --suite
        refining_steps`).

        InputError for another scale, number of channels or of vectors, for tiles that are no whole cells, and for a scheduler
        that follows no flow (`SCHEDULERS` do).
        """
        self._require_flow()
        if scale not in self.scales:
            raise InputError(f"this refiner enlarges {' or '.join(map(str, self.scales))} times, not {scale}")
        if num_inference_steps < 1:
            raise InputError(f"refining takes at least 1 step, but {num_inference_steps} came")
        cell = self.unet.cell
        if tile % (cell * scale) or overlap % (cell * scale) or not 0 <= overlap < tile:
            raise InputError(
                f"tile and overlap are multiples of {cell * scale} px, the overlap the smaller one, but {tile} and {overlap} came"
                f" (beside an overlap of {overlap}, a tile of {overlap + cell * scale} px at least)"
            )
        device, self._interrupt = self._execution_device, False
        picture = self._opened(image).to(device)
        size = tuple(scale * side for side in picture.shape[-2:])
        vectors = None if code_vectors is None else self._checked(code_vectors, picture).to(device)
        picture = _continued(picture, cell)
        rows, columns = picture.shape[-2:]
        shape = (len(picture), 3 * scale**2, rows, columns)
        noisy = randn_tensor(shape, generator=generator, device=device, dtype=torch.float32)
        places = tiles(rows, columns, tile // scale, overlap // scale, cell)
        self._set_timesteps(num_inference_steps, device)
        noisy = noisy * getattr(self.scheduler, "init_noise_sigma", 1.0)
        # Some schedulers draw noise at every step: a seed is a picture's own there too.
        draws = "generator" in inspect.signature(self.scheduler.step).parameters
        dice = {"generator": generator} if draws else {}
        with self.progress_bar(total=len(self.scheduler.timesteps)) as bar:
            for number, time in enumerate(self.scheduler.timesteps):
                sigma = (time / self.scheduler.config.num_train_timesteps).to(torch.float32).expand(len(noisy))
                compute = self._painter(noisy, picture, vectors, sigma, scale, callback_on_tile_end)
                moving = blended(compute, noisy, places, overlap // scale)
                before, noisy = noisy, self.scheduler.step(moving, time, noisy, return_dict=False, **dice)[0]
                if callback_on_step_end is not None:
                    told = {"latents": noisy}
                    if "preview" in callback_on_step_end_tensor_inputs:
                        clean = before - sigma[:, None, None, None] * moving
                        told["preview"] = self._pixels(picture, clean, scale, size)
                    told = {name: told[name] for name in callback_on_step_end_tensor_inputs}
                    noisy = (callback_on_step_end(self, number, time, told) or {}).get("latents", noisy)
                del before, moving
                bar.update()
                if self._interrupt:
                    break
        refined = self._pixels(picture, noisy, scale, size)
        del noisy
        self.maybe_free_model_hooks()
        images = self.image_processor.postprocess(refined, output_type, do_denormalize=[False] * len(refined))
        return ImagePipelineOutput(images=images) if return_dict else (images,)

    def _opened(self, image: Any) -> Float[Tensor, "batch 3 height width"]:
        """Pictures in [-1, 1]; InputError for arrays of whole numbers, which diffusers would take for very bright ones, and for
        more or fewer than three channels."""
        for one in image if isinstance(image, list | tuple) else [image]:
            if isinstance(one, np.ndarray | Tensor) and not torch.as_tensor(one[:1]).is_floating_point():
                raise InputError("arrays and tensors hold pictures in [0, 1], but one of bytes came: divide it by 255")
        picture = self.image_processor.preprocess(image).to(torch.float32)
        if picture.shape[1] != 3:
            raise InputError(f"a picture has 3 channels, but {picture.shape[1]} came: give it in RGB")
        return picture

    def _require_flow(self) -> None:
        """InputError for a scheduler that would take what the network says for something else than a velocity."""
        name, told = type(self.scheduler).__name__, self.scheduler.config
        follows = "FlowMatch" in name or (
            told.get("prediction_type") == "flow_prediction" and told.get("use_flow_sigmas", False)
        )
        if name not in SCHEDULERS or not follows:
            raise InputError(
                f"the scheduler {name}, as it is set, does not lead along this refiner's flow to its end: "
                f"anyvl.refiner.with_scheduler(pipeline, name) sets one of {', '.join(SCHEDULERS)} as it has to be "
                "(those that are no FlowMatch with prediction_type='flow_prediction' and use_flow_sigmas=True)"
            )

    def _checked(self, code_vectors: Tensor, picture: Tensor) -> Tensor:
        """The vectors of a picture's codes; InputError where they are not as many as it has cells, or of another length."""
        dim, cell = self.code_shape
        expected = (len(picture), dim, *(-(-side // cell) for side in picture.shape[-2:]))
        if tuple(code_vectors.shape) != expected:
            raise InputError(
                f"{len(picture)} pictures of {picture.shape[-1]} × {picture.shape[-2]} px have vectors of shape {expected}, "
                f"one for every {cell} × {cell} px, but {tuple(code_vectors.shape)} came"
            )
        return code_vectors

    def _painter(
        self,
        noisy: Tensor,
        picture: Tensor,
        vectors: Tensor | None,
        sigma: Tensor,
        scale: int,
        then: Callable[[], None] | None,
    ) -> Callable[[Tile], Tensor]:
        """What the network says of one tile of the whole, and what is done after it."""
        cell = self.unet.cell

        def compute(at: Tile) -> Tensor:
            rows, columns = (slice(side.start // cell, side.stop // cell) for side in at)
            part = None if vectors is None else vectors[..., rows, columns]
            moving = self.velocity(noisy[(..., *at)], picture[(..., *at)], part, sigma, scale)
            if then is not None:
                then()
            return moving

        return compute

    def velocity(
        self,
        noisy: Float[Tensor, "batch patch height width"],
        picture: Float[Tensor, "batch 3 height width"],
        code_vectors: Float[Tensor, "batch dim rows columns"] | None,
        sigma: Float[Tensor, " batch"],
        scale: int,
    ) -> Float[Tensor, "batch patch height width"]:
        """Noise minus residual, at noise levels above 0, as it follows from the residual that the network sees."""
        clean = clean_residual(self.unet, noisy, picture, code_vectors, sigma, scale)
        return (noisy - clean) / sigma[:, None, None, None]

    def _set_timesteps(self, steps: int, device: torch.device) -> None:
        """Steps from pure noise, of equal length to the very end where the scheduler lets itself be told."""
        if isinstance(self.scheduler, FlowMatchEulerDiscreteScheduler):
            self.scheduler.set_timesteps(sigmas=[1 - i / steps for i in range(steps)], device=device)
        else:
            self.scheduler.set_timesteps(steps, device=device)

    def _pixels(
        self,
        picture: Float[Tensor, "batch 3 height width"],
        patches: Float[Tensor, "batch patch height width"],
        scale: int,
        size: tuple[int, ...],
    ) -> Float[Tensor, "batch 3 height2 width2"]:
        """The enlarged picture with its residual, cropped to a size (height, width), in [0, 1]."""
        whole = pixel_shuffle(patches, scale).div_(self.config.gain)
        height, width = whole.shape[-2:]
        rows = _BAND // scale * scale
        for start in range(0, height, rows):
            band = slice(start, min(start + rows, height))
            whole[:, :, band] += enlarged_part(picture, scale, (band, slice(0, width)))
        return whole[..., : size[0], : size[1]].div_(2).add_(0.5).clamp_(0, 1)


def clean_residual(
    unet: Callable[..., Tensor],
    noisy: Float[Tensor, "batch patch height width"],
    picture: Float[Tensor, "batch 3 height width"],
    code_vectors: Float[Tensor, "batch dim rows columns"] | None,
    sigma: Float[Tensor, " batch"],
    scale: int,
) -> Float[Tensor, "batch patch height width"]:
    """The residual as the network sees it at noise level sigma: 0 none, 1 nothing else.

    It says the residual, not the velocity: noise in patches of many numbers does not fit through a narrow network, and what of
    it is lost would stay in the picture (Li and He 2025, arXiv:2511.13720). It is shown the best linear guess of the residual,
    which is about as wide as the noise: where nothing is left of it, no noise, which it would first have to learn to overlook.
    """
    posterior = (1 - sigma) / ((1 - sigma) ** 2 + sigma**2)  # mean of the residual, were both normal and as wide
    return unet(posterior[:, None, None, None] * noisy, picture, code_vectors, sigma, scale)


def residual(
    truth: Float[Tensor, "batch 3 height2 width2"],
    small: Float[Tensor, "batch 3 height width"],
    scale: int,
    gain: float,
) -> Float[Tensor, "batch patch height width"]:
    """What the network learns to paint: patches of what the true picture has beside the small one enlarged, times gain; pictures
    in [-1, 1]."""
    return pixel_unshuffle(truth - enlarged(small, scale), scale) * gain


def new_refiner(
    *,
    channels: Sequence[int],
    depth: int,
    scales: Sequence[int],
    code_dim: int,
    cell: int,
    gain: float,
    codes: Sequence[Sequence[float]] = (),
) -> AnyVLRefinerPipeline:
    """A refiner that has learnt nothing yet, as of `RefinerUNet`; ConfigError for another number of levels than lead to cells of
    cell × cell px, and for scales at which tiles are no whole cells."""
    reached = 2 ** (len(channels) - 1)
    if reached != cell:
        raise ConfigError(
            f"a code stands for {cell} × {cell} px, but {len(channels)} levels of channels lead to {reached} × {reached}: give "
            "one channel more than it takes halvings from a px to a cell (whose sides have to be a power of 2)"
        )
    for scale in scales:
        if TILE % (cell * scale) or OVERLAP % (cell * scale):
            raise ConfigError(
                f"cells of {cell * scale} px at a scale of {scale} do not divide tiles of {TILE} px that overlap by {OVERLAP}: "
                f"scales that do are those that divide {OVERLAP // cell}"
            )
    unet = RefinerUNet(tuple(channels), depth, tuple(scales), code_dim, [list(code) for code in codes])
    return AnyVLRefinerPipeline(unet, FlowMatchEulerDiscreteScheduler(), gain=gain)


def _continued(picture: Float[Tensor, "batch 3 height width"], unit: int) -> Float[Tensor, "batch 3 height2 width2"]:
    """The picture continued to the right and below by its last row and column, to multiples of `unit` px."""
    more = [-side % unit for side in picture.shape[-2:]]
    return pad(picture, (0, more[1], 0, more[0]), mode="replicate")
