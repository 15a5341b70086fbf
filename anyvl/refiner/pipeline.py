"""`AnyVLRefinerPipeline`: our small refiner as a pipeline of diffusers, so that all of its schedulers and tools apply."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler, UNet2DModel
from diffusers.image_processor import VaeImageProcessor
from diffusers.pipelines.pipeline_utils import ImagePipelineOutput
from diffusers.utils.torch_utils import randn_tensor
from jaxtyping import Float
from torch import Tensor

from anyvl.errors import InputError
from anyvl.refiner.conditioning import conditions, enlarged, from_patches, to_patches
from anyvl.refiner.tiles import Tile, blended, tiles

OnStepEnd = Callable[[Any, int, Any, dict[str, Any]], dict[str, Any] | None]


class AnyVLRefinerPipeline(DiffusionPipeline):
    """Paints a picture anew at 2 or 4 times its size, true to its content.

    A U-Net denoises what the true picture has beside the enlarged one (the residual, times `gain`, so that it is about as wide as
    the noise), in patches, by flow matching (Lipman et al. 2023, arXiv:2210.02747; conditioning by concatenation as in SR3,
    Saharia et al. 2021, arXiv:2104.07636). It sees the enlarged picture and the vectors of its image codes, and which scale is
    asked for.
    """

    model_cpu_offload_seq = "unet"

    def __init__(
        self,
        unet: UNet2DModel,
        scheduler: Any,
        patch: int = 4,
        gain: float = 8.0,
        scales: Any = (2, 4),  # whole numbers; diffusers reads no finer annotation
        code_dim: int = 8,
    ) -> None:
        super().__init__()
        self.register_modules(unet=unet, scheduler=scheduler)
        self.register_to_config(patch=patch, gain=gain, scales=list(scales), code_dim=code_dim)
        self.image_processor = VaeImageProcessor(do_resize=False, vae_scale_factor=1)

    def save_pretrained(self, save_directory: str | Path, **settings: Any) -> None:
        """Write the pipeline's folder, and in it the line by which `DiffusionPipeline.from_pretrained(folder,
        custom_pipeline=folder, trust_remote_code=True)` finds this class."""
        super().save_pretrained(str(save_directory), **settings)
        (Path(save_directory) / "pipeline.py").write_text(
            "from anyvl.refiner import AnyVLRefinerPipeline  # noqa: F401\n"
        )

    @property
    def multiple(self) -> int:
        """Cells of a patch each that a tile's sides are a multiple of: the network halves them so often."""
        return 2 ** (len(self.unet.config.block_out_channels) - 1)

    def velocity(
        self, noisy: Float[Tensor, "batch channel row column"], seen: Float[Tensor, "batch plane row column"],
        sigma: Float[Tensor, " batch"], scale: int,
    ) -> Float[Tensor, "batch channel row column"]:  # fmt: skip
        """Noise minus residual, as the network sees it at noise level sigma (0 none, 1 nothing else)."""
        labels = torch.full((len(noisy),), self.config.scales.index(scale), device=noisy.device)
        both = torch.cat((noisy, seen), dim=1).to(self.unet.dtype)
        return self.unet(both, sigma * 1000, class_labels=labels, return_dict=False)[0].to(noisy.dtype)

    @torch.no_grad()
    def __call__(
        self,
        image: Any,
        code_vectors: Float[Tensor, "batch dim rows columns"] | None = None,
        *,
        scale: int = 4,
        num_inference_steps: int = 4,
        tile: int = 512,
        overlap: int = 64,
        generator: torch.Generator | list[torch.Generator] | None = None,
        output_type: str = "pil",
        return_dict: bool = True,
        callback_on_step_end: OnStepEnd | None = None,
    ) -> Any:
        """Pictures (whatever diffusers takes: PIL, arrays, tensors in [0, 1]) at `scale` times their size.

        code_vectors: entries of the codebook for the picture's codes, so many rows and columns as the picture has cells. tile,
        overlap: px of the refined picture; a picture larger than a tile is refined tile by tile in the memory of one. The
        callback gets the picture as it would be if this step were the last as "preview", in [0, 1].
        """
        scales, patch, gain = self.config.scales, self.config.patch, self.config.gain
        if scale not in scales:
            raise InputError(f"this refiner enlarges {' or '.join(map(str, scales))} times, not {scale}")
        if num_inference_steps < 1:
            raise InputError(f"refining takes at least 1 step, but {num_inference_steps} came")
        unit = self.multiple * patch
        if tile % unit or overlap % unit or not 0 <= overlap < tile:
            raise InputError(
                f"tile and overlap are multiples of {unit} px, the overlap the smaller one, but {tile} and {overlap} came"
            )
        device = self._execution_device
        picture = self.image_processor.preprocess(image).to(device, torch.float32)
        height, width = picture.shape[-2:]
        picture, vectors = self._whole(picture, code_vectors, unit)
        large = enlarged(picture, scale)
        seen = conditions(large, vectors, patch, self.config.code_dim)
        rows, columns = seen.shape[-2:]
        shape = (len(large), 3 * patch**2, rows, columns)
        noisy = randn_tensor(shape, generator=generator, device=device, dtype=torch.float32)
        places = tiles(rows, columns, tile // patch, overlap // patch, self.multiple)
        self._set_timesteps(num_inference_steps, device)
        noisy = noisy * getattr(self.scheduler, "init_noise_sigma", 1.0)
        with self.progress_bar(total=len(self.scheduler.timesteps)) as bar:
            for number, time in enumerate(self.scheduler.timesteps):
                sigma = (time / 1000).to(torch.float32).expand(len(noisy))
                moving = blended(self._painter(noisy, seen, sigma, scale), noisy, places, overlap // patch)
                clean = noisy - sigma[:, None, None, None] * moving
                noisy = self.scheduler.step(moving, time, noisy, return_dict=False)[0]
                if callback_on_step_end is not None:
                    preview = self._pixels(large, clean, gain, scale * height, scale * width)
                    callback_on_step_end(self, number, time, {"preview": preview})
                bar.update()
        refined = self._pixels(large, noisy, gain, scale * height, scale * width)
        images = self.image_processor.postprocess(refined, output_type, do_denormalize=[False] * len(refined))
        return ImagePipelineOutput(images=images) if return_dict else (images,)

    def _painter(self, noisy: Tensor, seen: Tensor, sigma: Tensor, scale: int) -> Callable[[Tile], Tensor]:
        """What the network says of one tile of the whole."""
        return lambda at: self.velocity(noisy[(..., *at)], seen[(..., *at)], sigma, scale)

    def _whole(self, picture: Tensor, vectors: Tensor | None, unit: int) -> tuple[Tensor, Tensor | None]:
        """The picture continued to the right and below until its sides fit the network at every scale, and its codes with it."""
        height, width = picture.shape[-2:]
        more = [-side % unit for side in (height, width)]
        if vectors is not None:
            vectors = vectors.to(picture.device)
            ahead = [
                round((side + extra) / side * cells) - cells
                for side, extra, cells in zip((height, width), more, vectors.shape[-2:], strict=True)
            ]
            vectors = torch.nn.functional.pad(vectors, (0, ahead[1], 0, ahead[0]), mode="replicate")
        return torch.nn.functional.pad(picture, (0, more[1], 0, more[0]), mode="replicate"), vectors

    def _set_timesteps(self, steps: int, device: torch.device) -> None:
        """Steps from pure noise, of equal length to the very end where the scheduler lets itself be told."""
        if isinstance(self.scheduler, FlowMatchEulerDiscreteScheduler):
            self.scheduler.set_timesteps(sigmas=[1 - i / steps for i in range(steps)], device=device)
        else:
            self.scheduler.set_timesteps(steps, device=device)

    def _pixels(self, large: Tensor, patches: Tensor, gain: float, height: int, width: int) -> Tensor:
        """The enlarged picture with its residual, cropped, in [0, 1]."""
        whole = large + from_patches(patches, self.config.patch) / gain
        return (whole[..., :height, :width] / 2 + 0.5).clamp(0, 1)


def residual(truth: Tensor, large: Tensor, patch: int, gain: float) -> Float[Tensor, "batch channel row column"]:
    """What the network learns to paint: patches of what the true picture, in [-1, 1], has beside the enlarged one, times gain."""
    return to_patches(truth - large, patch) * gain


def new_refiner(
    *, channels: Sequence[int], layers_per_block: int, patch: int, gain: float, scales: Sequence[int], code_dim: int
) -> AnyVLRefinerPipeline:
    """A refiner that has learnt nothing yet: channels and layers_per_block as of diffusers' `UNet2DModel`."""
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
    flow = FlowMatchEulerDiscreteScheduler()
    return AnyVLRefinerPipeline(unet, flow, patch=patch, gain=gain, scales=scales, code_dim=code_dim)
