"""Pictures at a higher resolution, or sharper in one place: the refiner behind the decoder."""

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from PIL import Image

from anyvl.codecs import nearest_grid, open_picture
from anyvl.codecs.intake import Source, require_writable
from anyvl.errors import CheckpointError, InputError, StoppedError
from anyvl.pipeline.engine import Engine, OnStep, seeds_of
from anyvl.pipeline.painting import Painted
from anyvl.tasks.image_editing import feathered, seam_width
from anyvl.tasks.infilling import Hole, hidden_pixels, is_box
from anyvl.values import Frame

_Pixels = UInt8[np.ndarray, "height width 3"]
Preview = Callable[[Image.Image, int], None]
_Paint = Callable[[_Pixels, Frame, int, int], UInt8[np.ndarray, "height2 width2 3"]]
"""A picture, the size it shall have, a seed, and how many pictures are done before it."""
_AROUND = 64
"""Px of the small picture around a mask that are looked at too: the network hardly sees further."""


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
        tile: int | None = None,
        seed: int | Sequence[int] | None = None,
        callback_on_step_end: OnStep | None = None,
        preview: Preview | None = None,
    ) -> Painted:
        """Pictures `scale` times as large (4 if nothing is said), true to their content; image i has seed + i.
        Beyond the largest scale of a refiner of ours its result is enlarged further by Lanczos.

        mask: a box or mask as of `infill`, such as an entry of `Edited.changed`: then the picture keeps its size, and only there
        it is painted anew; outside every pixel stays bit for bit. refiner: folder or hub id of one of ours, or of any
        image-to-image or upscale pipeline of diffusers, or the pipeline itself; None is the one of this model. prompt, strength:
        for another's pipeline, as far as its call takes them. scheduler (`anyvl.refiner.SCHEDULERS`), tile (px of what is
        painted, at 2 or 4 times the size, that are looked at at once), preview (is given what would be painted if this step were
        the last, and how many pictures are done): for ours. callback_on_step_end: is told how often the network has looked, one
        tile at a time, and how many pictures are done; it stops the refining by returning True (StoppedError).

        Under a mask only it and its surroundings are painted, and are first made smaller, to what the decoder sees of them or a
        quarter: so blurred is what an edit or infilling has put there, and detail that was there is lost. Only a pipeline that
        repaints pictures at their own size gets the whole one as it is.
        """
        if mask is not None and scale not in (None, 1):
            raise InputError(f"a mask is painted anew at the picture's own size: leave out scale, which is {scale}")
        pictures = [open_picture(one) for one in (image if isinstance(image, list) else [image])]
        frames = [Frame(height=pixels.shape[0], width=pixels.shape[1]) for pixels in pictures]
        masks = mask if isinstance(mask, list) and not is_box(mask) else [mask] * len(pictures)
        if len(masks) != len(pictures):
            raise InputError(f"there are {len(pictures)} pictures, so as many masks are expected: {len(masks)} came")
        # All that can be wrong is found before anything is painted.
        places = [
            None if mask is None else hidden_pixels(hole, frame) for hole, frame in zip(masks, frames, strict=True)
        ]
        sizes = [frame if mask is not None else _larger(frame, 4 if scale is None else scale) for frame in frames]
        paint, whole = self._painter(
            refiner,
            num_inference_steps,
            callback_on_step_end,
            prompt=prompt,
            strength=strength,
            scheduler=scheduler,
            tile=tile,
            preview=preview,
        )
        seeds = seeds_of(seed, len(pictures))
        refined = []
        for done, (pixels, where, size, own) in enumerate(zip(pictures, places, sizes, seeds, strict=True)):
            if where is None:
                refined.append(paint(pixels, size, own, done))
                continue
            painted = paint(pixels, size, own, done) if whole else self._painted_around(where, pixels, paint, own, done)
            refined.append(feathered(pixels, painted, where, seam_width(size, *nearest_grid(size, self.kit.grids))))
        return Painted(images=[Image.fromarray(one) for one in refined], seeds=seeds, plans=[None] * len(refined))

    def check_refine(self, scale: int | None, height: int | None = None, width: int | None = None) -> None:
        """What `refine` would say of pictures that are still to be painted, of the sides that `generate` is asked for:
        CheckpointError where this model has no refiner, InputError where they would become too large. scale None: they keep
        their size, under a mask."""
        if scale is not None:
            _larger(self.painted_frame(height, width), scale)
        _ = self._own_refiner  # which loads it, or says why not

    @functools.cached_property
    def _own_refiner(self) -> Any:
        """The refiner that came with the model; it stays in memory for the next picture."""
        from anyvl.refiner import load_refiner

        if self.parts.refiner is None:
            raise CheckpointError(
                "this model has no refiner of its own: name an image-to-image or upscale pipeline of diffusers (refiner=...)"
            )
        return load_refiner(self.parts.refiner, self.stepper.device, self.stepper.dtype)

    def _painter(
        self,
        refiner: str | Path | Any | None,
        steps: int | None,
        on_step: OnStep | None,
        *,
        prompt: str,
        strength: float | None,
        scheduler: str | None,
        tile: int | None,
        preview: Preview | None,
    ) -> tuple[_Paint, bool]:
        """How pictures are refined, and whether by a pipeline that repaints them at their own size.

        InputError for a setting that is not for this one.
        """
        from anyvl.refiner import AnyVLRefinerPipeline, as_refiner, keeps_size, load_pipeline, with_scheduler

        pipeline = self._own_refiner if refiner is None else refiner
        if isinstance(pipeline, str | Path):
            pipeline = load_pipeline(pipeline, self.stepper.device, self.stepper.dtype)
        if isinstance(pipeline, AnyVLRefinerPipeline):
            if prompt or strength is not None:
                raise InputError(
                    "a refiner of ours takes no prompt and no strength: they are for another (refiner=...)"
                )
            self._require_fit(pipeline)
            pipeline = pipeline if scheduler is None else with_scheduler(pipeline, scheduler)
            return self._by_ours(pipeline, steps, tile, on_step, preview), False
        if any(given is not None for given in (scheduler, tile, preview)):
            raise InputError(
                "scheduler, tile and preview are for a refiner of ours: leave them out for another pipeline"
            )
        pipeline = as_refiner(pipeline)
        return _by_another(pipeline, steps, on_step, prompt, strength), keeps_size(pipeline)

    def _by_ours(
        self, pipeline: Any, steps: int | None, tile: int | None, on_step: OnStep | None, preview: Preview | None
    ) -> _Paint:
        given = {"num_inference_steps": steps, "tile": tile}
        settings = {name: value for name, value in given.items() if value is not None}

        def paint(pixels: _Pixels, size: Frame, seed: int, done: int) -> UInt8[np.ndarray, "_ _ 3"]:
            wanted = max(size.height / pixels.shape[0], size.width / pixels.shape[1])
            scales = pipeline.scales
            looks = itertools.count(1)
            image = pipeline(
                Image.fromarray(pixels),
                self._code_vectors(pixels),
                scale=min((scale for scale in scales if scale >= wanted - 1e-9), default=max(scales)),
                generator=torch.Generator().manual_seed(seed % 2**64),
                callback_on_step_end=None if preview is None else _shown(preview, done),
                callback_on_step_end_tensor_inputs=["latents"] if preview is None else ["latents", "preview"],
                callback_on_tile_end=None if on_step is None else lambda: _tell(on_step, next(looks), done),
                **settings,
            ).images[0]
            return np.asarray(image.resize((size.width, size.height), Image.Resampling.LANCZOS))

        return paint

    def _require_fit(self, pipeline: Any) -> None:
        codec = self.parts.tokenizer.model.config
        has, needs = (codec.code_dim, codec.factor), pipeline.code_shape
        if has != needs:
            raise CheckpointError(
                f"this refiner was trained on codes of {needs[0]} numbers for {needs[1]} × {needs[1]} px, the model's have "
                f"{has[0]} for {has[1]} × {has[1]}: give one that was trained with the model's image tokenizer"
            )
        if not pipeline.knows(self.parts.tokenizer.model.quantize.codebook):
            raise CheckpointError(
                "this refiner was trained on other codes: give one that was trained with the model's image tokenizer"
            )

    def _painted_around(
        self, where: Bool[np.ndarray, "height width"], pixels: _Pixels, paint: _Paint, seed: int, done: int
    ) -> _Pixels:
        """The picture with a part around a mask painted anew, from what the decoder sees of it or a quarter of its size."""
        frame, cell = Frame(height=pixels.shape[0], width=pixels.shape[1]), self.parts.tokenizer.model.config.factor
        grid = nearest_grid(frame, self.kit.grids)
        factor = min(
            4.0, max(1.0, *(side / (cell * cells) for side, cells in zip(pixels.shape[:2], grid, strict=True)))
        )
        sides = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
        rows, columns = (_around(side, _AROUND * factor, cell * factor) for side in sides)
        part = pixels[rows, columns]
        # Rounded up: what is to be painted is never more than `factor` times as large, which may be all that a scale gives.
        height, width = (math.ceil(side / factor - 1e-9) for side in part.shape[:2])
        small = np.asarray(Image.fromarray(part).resize((width, height), Image.Resampling.LANCZOS))
        painted = pixels.copy()
        painted[rows, columns] = paint(small, Frame(height=part.shape[0], width=part.shape[1]), seed, done)
        return painted

    def _code_vectors(self, pixels: _Pixels) -> Float[torch.Tensor, "1 dim rows columns"]:
        """What the codes of a picture stand for, at its own size: the last row and column of cells may be continued pixels."""
        model = self.parts.tokenizer.model
        more = [-side % model.config.factor for side in pixels.shape[:2]]
        whole = np.pad(pixels, ((0, more[0]), (0, more[1]), (0, 0)), mode="edge")
        codes = self.parts.tokenizer.encode_batch(torch.from_numpy(whole)[None])
        return model.quantize.look_up(codes)


def _by_another(
    pipeline: Any, steps: int | None, on_step: OnStep | None, prompt: str, strength: float | None
) -> _Paint:
    from anyvl.refiner import repaint

    def paint(pixels: _Pixels, size: Frame, seed: int, done: int) -> UInt8[np.ndarray, "_ _ 3"]:
        painted = repaint(
            pipeline,
            Image.fromarray(pixels),
            (size.height, size.width),
            prompt=prompt,
            seed=seed,
            strength=strength,
            num_inference_steps=steps,
            callback_on_step_end=_told(on_step, done),
        )
        return np.asarray(painted)

    return paint


def _larger(frame: Frame, scale: int) -> Frame:
    """The frame `scale` times as large; InputError where that is no scale, or too large to be written."""
    if scale != int(scale) or scale < 2:
        raise InputError(
            f"a picture is refined to 2, 3, 4 or more times its size (to its own size under a mask alone), but scale {scale} came"
        )
    larger = Frame(height=int(scale) * frame.height, width=int(scale) * frame.width)
    require_writable(larger.height, larger.width)
    return larger


def _around(places: Int[np.ndarray, " place"], margin: float, cell: float) -> slice:
    """The part of a side of a picture from `margin` px before its first place to as many behind the last, from a cell's edge to
    another (it may end beyond the picture, as slices may)."""
    first = max(0.0, places[0] - margin) // cell * cell
    end = math.ceil((places[-1] + 1 + margin) / cell) * cell
    return slice(round(first), round(end))


def _shown(preview: Preview, done: int) -> Callable[..., dict[str, Any]]:
    """What is given previews, as a callback of diffusers."""

    def shown(pipeline: Any, step: int, time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        preview(pipeline.image_processor.postprocess(tensors.pop("preview"), do_denormalize=[False])[0], done)
        return tensors

    return shown


def _told(on_step: OnStep | None, done: int) -> Callable[..., dict[str, Any]] | None:
    """A callback of ours as one of diffusers."""
    if on_step is None:
        return None

    def told(pipeline: Any, step: int, time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        _tell(on_step, step + 1, done)
        return tensors

    return told


def _tell(on_step: OnStep, step: int, done: int) -> None:
    """StoppedError when the callback asks to stop."""
    if on_step(step, done):
        raise StoppedError("the callback stopped the refiner before its end: there is no picture yet")
