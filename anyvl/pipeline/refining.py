"""Pictures at a higher resolution, or sharper in one place: the refiner behind the decoder."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image

from anyvl.codecs import nearest_grid, open_picture
from anyvl.codecs.intake import MOST_PIXELS, Source
from anyvl.errors import CheckpointError, InputError, StoppedError
from anyvl.pipeline.engine import Engine, OnStep, seeds_of
from anyvl.pipeline.painting import Painted
from anyvl.tasks.image_editing import feathered
from anyvl.tasks.infilling import Hole, hidden_pixels, is_box
from anyvl.values import Frame

_Pixels = UInt8[np.ndarray, "height width 3"]
_Enlarge = Callable[[_Pixels, tuple[int, int], int, int], UInt8[np.ndarray, "height2 width2 3"]]
"""A picture, the size (height, width) it shall have, a seed, and how many are done before it."""


class Refining(Engine):
    """The method that paints pictures anew in finer detail."""

    def refine(
        self,
        image: Source | list[Source],
        *,
        scale: int | None = None,
        mask: Hole | list[Hole] | None = None,
        refiner: str | Path | Any | None = None,
        prompt: str = "",
        strength: float | None = None,
        num_inference_steps: int | None = None,
        scheduler: str | None = None,
        tile: int = 512,
        seed: int | Sequence[int] | None = None,
        callback_on_step_end: OnStep | None = None,
    ) -> Painted:
        """Pictures `scale` times as large (4 if nothing is said), true to their content; image i has seed + i.
        Beyond the largest scale of the model's own refiner its result is enlarged further by Lanczos.

        mask: a box or mask as of `infill`, such as an entry of `Edited.changed`: then the picture keeps its size, and only there
        it is painted anew, as an enlargement of what the decoder sees of it; outside every pixel stays bit for bit. refiner:
        folder or hub id of any image-to-image or upscale pipeline of diffusers, or the pipeline itself; None is the one of this
        model. prompt, strength: for such a pipeline, as far as its call takes them. scheduler: name of a class of diffusers, for
        the model's own. tile: px of the refined picture that its own refiner looks at at once; memory grows with it, not with the
        picture.
        """
        if mask is not None and scale not in (None, 1):
            raise InputError(f"a mask is painted anew at the picture's own size: leave out scale, which is {scale}")
        if scale is not None and scale < 1:
            raise InputError(f"scale is 2, 3 or 4, say, but {scale} came")
        if refiner is not None and scheduler is not None:
            raise InputError(
                "scheduler is for this model's own refiner: give a pipeline of diffusers that has it already"
            )
        pictures = [open_picture(one) for one in (image if isinstance(image, list) else [image])]
        masks = mask if isinstance(mask, list) and not is_box(mask) else [mask] * len(pictures)
        if len(masks) != len(pictures):
            raise InputError(f"there are {len(pictures)} pictures, so as many masks are expected: {len(masks)} came")
        enlarge = (
            self._own_refiner(num_inference_steps, scheduler, tile, callback_on_step_end, prompt=prompt, strength=strength)
            if refiner is None
            else self._foreign_refiner(refiner, num_inference_steps, callback_on_step_end, prompt=prompt, strength=strength)
        )  # fmt: skip
        seeds = seeds_of(seed, len(pictures))
        refined = []
        for number, (pixels, hole, own) in enumerate(zip(pictures, masks, seeds, strict=True)):
            height, width = pixels.shape[:2]
            if hole is None:
                factor = 4 if scale is None else scale
                size = (height * factor, width * factor)
                if size[0] * size[1] > MOST_PIXELS:
                    raise InputError(
                        f"a picture has at most {MOST_PIXELS // 1_000_000} million px, but {factor} × {height} by "
                        f"{factor} × {width} were asked for"
                    )
                refined.append(enlarge(pixels, size, own, number))
            else:
                frame = Frame(height=height, width=width)
                where = hidden_pixels(hole, frame)
                rows, columns = nearest_grid(frame, self.kit.grids)
                cell = self.parts.tokenizer.model.config.factor
                small = Image.fromarray(pixels).resize((columns * cell, rows * cell), Image.Resampling.LANCZOS)
                large = enlarge(np.asarray(small), (height, width), own, number)
                refined.append(feathered(pixels, large, where, max(1, round(0.25 * height / rows))))
        return Painted(images=[Image.fromarray(one) for one in refined], seeds=seeds, plans=[None] * len(refined))

    def _own_refiner(
        self,
        steps: int | None,
        scheduler: str | None,
        tile: int,
        on_step: OnStep | None,
        *,
        prompt: str,
        strength: float | None,
    ) -> _Enlarge:
        """The refiner that comes with this model."""
        from anyvl.refiner import AnyVLRefinerPipeline, scheduler_named

        if prompt or strength is not None:
            raise InputError(
                "this model's own refiner takes no prompt and no strength: they are for another (refiner=...)"
            )
        if self.parts.refiner is None:
            raise CheckpointError(
                "this model has no refiner of its own: name an image-to-image or upscale pipeline of diffusers (refiner=...)"
            )
        pipeline = AnyVLRefinerPipeline.from_pretrained(str(self.parts.refiner), dtype=self.stepper.dtype)
        pipeline = pipeline.to(self.stepper.device)
        pipeline.set_progress_bar_config(disable=True)
        if scheduler is not None:
            pipeline.scheduler = scheduler_named(scheduler, pipeline.scheduler)
        settings = {} if steps is None else {"num_inference_steps": steps}

        def enlarge(pixels: _Pixels, size: tuple[int, int], seed: int, done: int) -> UInt8[np.ndarray, "_ _ 3"]:
            wanted = max(side / have for side, have in zip(size, pixels.shape[:2], strict=True))
            scale = min((s for s in pipeline.config.scales if s >= wanted - 1e-9), default=max(pipeline.config.scales))
            image = pipeline(
                Image.fromarray(pixels),
                self._code_vectors(pixels),
                scale=scale,
                tile=tile,
                generator=torch.Generator().manual_seed(seed),
                callback_on_step_end=_counting(on_step, done),
                **settings,
            ).images[0]
            height, width = size
            return np.asarray(
                image if image.size == (width, height) else image.resize((width, height), Image.Resampling.LANCZOS)
            )

        return enlarge

    def _foreign_refiner(
        self,
        refiner: str | Path | Any,
        steps: int | None,
        on_step: OnStep | None,
        *,
        prompt: str,
        strength: float | None,
    ) -> _Enlarge:
        """Any pipeline of diffusers."""
        from anyvl.refiner import as_refiner, load_pipeline, repaint

        loaded = isinstance(refiner, str | Path)
        pipeline = as_refiner(load_pipeline(refiner, self.stepper.device, self.stepper.dtype) if loaded else refiner)

        def enlarge(pixels: _Pixels, size: tuple[int, int], seed: int, done: int) -> UInt8[np.ndarray, "_ _ 3"]:
            painted = repaint(
                pipeline,
                Image.fromarray(pixels),
                size,
                prompt=prompt,
                seed=seed,
                strength=strength,
                num_inference_steps=steps,
                callback_on_step_end=_counting(on_step, done),
            )
            return np.asarray(painted)

        return enlarge

    def _code_vectors(self, pixels: _Pixels) -> Float[torch.Tensor, "1 dim rows columns"]:
        """What the codes of a picture stand for, at its own size: the last row and column of cells may be continued pixels."""
        model = self.parts.tokenizer.model
        cell = model.config.factor
        more = [-side % cell for side in pixels.shape[:2]]
        whole = np.pad(pixels, ((0, more[0]), (0, more[1]), (0, 0)), mode="edge")
        codes = self.parts.tokenizer.encode_batch(torch.from_numpy(whole)[None])
        return model.quantize.look_up(codes)


def _counting(on_step: OnStep | None, done: int) -> Callable[..., dict[str, Any]] | None:
    """A callback of ours as one of diffusers; StoppedError when it asks to stop."""
    if on_step is None:
        return None

    def told(pipeline: Any, step: int, time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        if on_step(step + 1, done):
            raise StoppedError("the callback stopped the refiner before its end: there is no picture yet")
        return tensors

    return told
