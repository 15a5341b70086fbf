"""`AnyVLRefinerPipeline`: our small refiner as a pipeline of diffusers, so that all of its schedulers and tools apply."""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler, UNet2DModel
from diffusers.image_processor import VaeImageProcessor
from diffusers.pipelines.pipeline_utils import ImagePipelineOutput
from diffusers.utils.torch_utils import randn_tensor
from jaxtyping import Float, Int
from torch import Tensor

from anyvl.errors import ConfigError, InputError
from anyvl.refiner.conditioning import conditions, enlarged_part, from_patches, to_patches
from anyvl.refiner.tiles import Tile, blended, tiles

OnStepEnd = Callable[[Any, int, Any, dict[str, Any]], dict[str, Any] | None]
TILE, OVERLAP = 512, 64
"""Px of the refined picture that the network sees at a time, and that neighbouring tiles share, where nothing is said."""
_TIMES = 1000
"""What the network is told for a noise level of 1."""
_BAND = 256
"""Rows of px that are enlarged at a time at the end."""


class AnyVLRefinerPipeline(DiffusionPipeline):
    """Paints a picture anew at 2 or 4 times its size, true to its content.

    A U-Net denoises what the true picture has beside the enlarged one (the residual, times `gain`, so that it is about as wide as
    the noise), in patches, by flow matching (Lipman et al. 2023, arXiv:2210.02747; conditioning by concatenation as in SR3,
    Saharia et al. 2021, arXiv:2104.07636). It sees the enlarged picture and the vectors of its image codes, one a `cell` of px,
    and which scale is asked for.
    """

    model_cpu_offload_seq = "unet"
    _callback_tensor_inputs = ["latents", "preview"]  # noqa: RUF012 - diffusers' word

    def __init__(
        self,
        unet: UNet2DModel,
        scheduler: Any,
        patch: int = 4,
        gain: float = 8.0,
        scales: Any = (2, 4),  # whole numbers; diffusers reads no finer annotation
        code_dim: int = 8,
        cell: int = 8,
    ) -> None:
        super().__init__()
        self.register_modules(unet=unet, scheduler=scheduler)
        self.register_to_config(patch=patch, gain=gain, scales=list(scales), code_dim=code_dim, cell=cell)
        self.image_processor = VaeImageProcessor(do_resize=False, vae_scale_factor=1)
        self._interrupt = False

    def save_pretrained(self, save_directory: str | Path, **settings: Any) -> None:
        """Write the pipeline's folder, and in it the line by which `DiffusionPipeline.from_pretrained(folder,
        custom_pipeline=folder, trust_remote_code=True)` finds this class."""
        super().save_pretrained(str(save_directory), **settings)
        (Path(save_directory) / "pipeline.py").write_text(
            "from anyvl.refiner import AnyVLRefinerPipeline  # noqa: F401\n"
        )

    @property
    def unit(self) -> int:
        """Px that the sides of what is refined, of tiles and of overlaps are multiples of: whole patches after every halving."""
        return 2 ** (len(self.unet.config.block_out_channels) - 1) * self.config.patch

    @torch.no_grad()
    def __call__(
        self,
        image: Any,
        code_vectors: Float[Tensor, "batch dim rows columns"] | None = None,
        *,
        scale: int = 4,
        num_inference_steps: int = 4,
        tile: int = TILE,
        overlap: int = OVERLAP,
        generator: torch.Generator | list[torch.Generator] | None = None,
        output_type: str = "pil",
        return_dict: bool = True,
        callback_on_step_end: OnStepEnd | None = None,
        callback_on_step_end_tensor_inputs: Sequence[str] = ("latents",),
    ) -> Any:
        """Pictures (whatever diffusers takes: PIL, arrays, tensors in [0, 1]) at `scale` times their size.

        code_vectors: entries of the codebook for the picture's codes, so many rows and columns as the picture has cells. tile,
        overlap: px of the refined picture; the network sees a tile at a time, so that its memory is that of one; what grows with
        the result are its noise and its pixels, in fp32. The callback gets what its inputs name: the noisy residual in patches as
        "latents", which it may exchange, and the picture as it would be if this step were the last, in [0, 1], as "preview".
        Setting `pipeline._interrupt` in it ends the refining there.
        """
        scales, patch = self.config.scales, self.config.patch
        if scale not in scales:
            raise InputError(f"this refiner enlarges {' or '.join(map(str, scales))} times, not {scale}")
        if num_inference_steps < 1:
            raise InputError(f"refining takes at least 1 step, but {num_inference_steps} came")
        if tile % self.unit or overlap % self.unit or not 0 <= overlap < tile:
            raise InputError(
                f"tile and overlap are multiples of {self.unit} px, the overlap the smaller one, but {tile} and {overlap} came"
            )
        device, self._interrupt = self._execution_device, False
        picture = self.image_processor.preprocess(image).to(device, torch.float32)
        size = tuple(scale * side for side in picture.shape[-2:])
        vectors = None if code_vectors is None else self._checked(code_vectors, picture).to(device)
        picture = _continued(picture, self.unit // scale)
        rows, columns = (scale * side // patch for side in picture.shape[-2:])
        shape = (len(picture), 3 * patch**2, rows, columns)
        noisy = randn_tensor(shape, generator=generator, device=device, dtype=torch.float32)
        places = tiles(rows, columns, tile // patch, overlap // patch, self.unit // patch)
        self._set_timesteps(num_inference_steps, device)
        noisy = noisy * getattr(self.scheduler, "init_noise_sigma", 1.0)
        # Some schedulers draw noise at every step: a seed is a picture's own there too.
        draws = "generator" in inspect.signature(self.scheduler.step).parameters
        dice = {"generator": generator} if draws else {}
        with self.progress_bar(total=len(self.scheduler.timesteps)) as bar:
            for number, time in enumerate(self.scheduler.timesteps):
                sigma = (time / self.scheduler.config.num_train_timesteps).to(torch.float32).expand(len(noisy))
                compute = self._painter(noisy, picture, vectors, sigma, scale)
                moving = blended(compute, noisy, places, overlap // patch)
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
        images = self.image_processor.postprocess(refined, output_type, do_denormalize=[False] * len(refined))
        return ImagePipelineOutput(images=images) if return_dict else (images,)

    @property
    def settings(self) -> dict[str, Any]:
        """What is said of it beside network and scheduler."""
        return {name: self.config[name] for name in ("patch", "gain", "scales", "code_dim", "cell")}

    def _checked(self, code_vectors: Tensor, picture: Tensor) -> Tensor:
        """The vectors of a picture's codes; InputError where they are not as many as it has cells, or of another length."""
        cells = [-(-side // self.config.cell) for side in picture.shape[-2:]]
        expected = (len(picture), self.config.code_dim, *cells)
        if tuple(code_vectors.shape) != expected:
            raise InputError(
                f"{len(picture)} pictures of {picture.shape[-1]} × {picture.shape[-2]} px have vectors of shape {expected}, "
                f"one for every {self.config.cell} × {self.config.cell} px, but {tuple(code_vectors.shape)} came"
            )
        return code_vectors

    def _painter(
        self, noisy: Tensor, picture: Tensor, vectors: Tensor | None, sigma: Tensor, scale: int
    ) -> Callable[[Tile], Tensor]:
        """What the network says of one tile of the whole."""
        known = self.config
        labels = torch.full((len(noisy),), known.scales.index(scale), device=noisy.device)

        def compute(at: Tile) -> Tensor:
            seen = conditions(picture, vectors, scale, at, patch=known.patch, cell=known.cell, code_dim=known.code_dim)
            return self.velocity(noisy[(..., *at)], seen, sigma, labels)

        return compute

    def velocity(
        self,
        noisy: Float[Tensor, "batch channel row column"],
        seen: Float[Tensor, "batch plane row column"],
        sigma: Float[Tensor, " batch"],
        labels: Int[Tensor, " batch"],
    ) -> Float[Tensor, "batch channel row column"]:
        """Noise minus residual, at noise levels above 0, as it follows from the residual that the network sees."""
        return (noisy - clean_residual(self.unet, noisy, seen, sigma, labels)) / sigma[:, None, None, None]

    def _set_timesteps(self, steps: int, device: torch.device) -> None:
        """Steps from pure noise, of equal length to the very end where the scheduler lets itself be told."""
        if isinstance(self.scheduler, FlowMatchEulerDiscreteScheduler):
            self.scheduler.set_timesteps(sigmas=[1 - i / steps for i in range(steps)], device=device)
        else:
            self.scheduler.set_timesteps(steps, device=device)

    def _pixels(self, picture: Tensor, patches: Tensor, scale: int, size: tuple[int, ...]) -> Tensor:
        """The enlarged picture with its residual, cropped to a size (height, width), in [0, 1]."""
        whole = from_patches(patches, self.config.patch).div_(self.config.gain)
        height, width = whole.shape[-2:]
        for start in range(0, height, _BAND):
            band = slice(start, min(start + _BAND, height))
            whole[:, :, band] += enlarged_part(picture, scale, (band, slice(0, width)))
        return whole[..., : size[0], : size[1]].div_(2).add_(0.5).clamp_(0, 1)


def clean_residual(
    unet: Any,
    noisy: Float[Tensor, "batch channel row column"],
    seen: Float[Tensor, "batch plane row column"],
    sigma: Float[Tensor, " batch"],
    labels: Int[Tensor, " batch"],
) -> Float[Tensor, "batch channel row column"]:
    """The residual as the network sees it at noise level sigma: 0 none, 1 nothing else. labels: numbers of scales.

    It says the residual, not the velocity: noise in patches of many numbers does not fit through a narrow network, and what of
    it is lost would stay in the picture (Li and He 2025, arXiv:2511.13720). It is shown the best linear guess of the residual,
    which is about as wide as the noise: where nothing is left of it, no noise, which it would first have to learn to overlook.
    """
    guess = (1 - sigma) / ((1 - sigma) ** 2 + sigma**2)
    both = torch.cat((guess[:, None, None, None] * noisy, seen), dim=1).to(unet.dtype)
    return unet(both, sigma * _TIMES, class_labels=labels, return_dict=False)[0].to(noisy.dtype)


def residual(truth: Tensor, large: Tensor, patch: int, gain: float) -> Float[Tensor, "batch channel row column"]:
    """What the network learns to paint: patches of what the true picture, in [-1, 1], has beside the enlarged one, times gain."""
    return to_patches(truth - large, patch) * gain


def new_refiner(
    *,
    channels: Sequence[int],
    layers_per_block: int,
    patch: int,
    gain: float,
    scales: Sequence[int],
    code_dim: int,
    cell: int,
) -> AnyVLRefinerPipeline:
    """A refiner that has learnt nothing yet: channels and layers_per_block as of diffusers' `UNet2DModel`.

    ConfigError for a scale whose cells are no whole patches, or that divides no tile, and for so many levels or such patches
    that tiles are no multiple of them.
    """
    unit = patch * 2 ** (len(channels) - 1)
    for scale in scales:
        if cell * scale % patch or unit % scale:
            raise ConfigError(
                f"a cell of {cell} px, {scale} times as large, is to be whole patches of {patch} px, and {unit} px, the least "
                f"tile of {len(channels)} levels, a multiple of {scale}: choose other scales, patches or channels"
            )
    if TILE % unit or OVERLAP % unit:
        raise ConfigError(
            f"{len(channels)} levels of patches of {patch} px make a unit of {unit} px, but tiles of {TILE} px that overlap by "
            f"{OVERLAP} are to be multiples of it: choose fewer levels or other patches"
        )
    unet = UNet2DModel(
        in_channels=6 * patch**2 + code_dim,
        out_channels=3 * patch**2,
        block_out_channels=tuple(channels),
        down_block_types=("DownBlock2D",) * len(channels),
        up_block_types=("UpBlock2D",) * len(channels),
        layers_per_block=layers_per_block,
        norm_num_groups=8,
        add_attention=False,
        num_class_embeds=len(scales),
    )
    # It begins with no residual at all, which is the enlarged picture.
    torch.nn.init.zeros_(unet.conv_out.weight)
    torch.nn.init.zeros_(unet.conv_out.bias)
    flow = FlowMatchEulerDiscreteScheduler()
    return AnyVLRefinerPipeline(unet, flow, patch=patch, gain=gain, scales=scales, code_dim=code_dim, cell=cell)


def _continued(picture: Tensor, unit: int) -> Tensor:
    """The picture continued to the right and below by its last row and column, to multiples of `unit` px."""
    more = [-side % unit for side in picture.shape[-2:]]
    return torch.nn.functional.pad(picture, (0, more[1], 0, more[0]), mode="replicate")
