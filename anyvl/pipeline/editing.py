"""Pictures from other pictures: changed as told, or painted anew where a part is hidden."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from anyvl.codecs import Chain, Picture
from anyvl.codecs.intake import Source
from anyvl.errors import InputError
from anyvl.generation import Request, Result
from anyvl.pipeline.engine import Engine, OnStep, Seen, at_least_one, paired, rule_of, seeds_of, up_to_picture
from anyvl.pipeline.painting import Painted
from anyvl.sampling import Sampling
from anyvl.tasks import find_task
from anyvl.tasks.image_editing import composite, free_cells
from anyvl.tasks.infilling import cells_under
from anyvl.tasks.translate import answer_grammar, answer_value, prompt_ids
from anyvl.values import Box, Codes, Frame

_GREEDY = Sampling(temperature=0.0)

Hole = Box | tuple[float, float, float, float] | Image.Image | np.ndarray
"""The hidden part of a picture: a box (x0, y0, x1, y1) in its px, or a mask of its size, bright where hidden."""


@dataclass(frozen=True, kw_only=True)
class Edited(Painted):
    """Edited pictures; changed: for each, (height, width), where it may differ from the original (elsewhere bit-identical)."""

    changed: list[Bool[np.ndarray, "_ _"]]


class Editing(Engine):
    """The methods that make pictures of pictures."""

    def edit(
        self,
        image: Source | list[Source],
        instruction: str | list[str],
        *,
        seed: int | Sequence[int] | None = None,
        num_images_per_prompt: int = 1,
        guidance_scale: float | None = None,
        sampling: Sampling | None = None,
        callback_on_step_end: OnStep | None = None,
    ) -> Edited:
        """Change a picture as told. The answer names the region first; outside it every pixel stays bit for bit.

        A list of pictures, of instructions or of both is done as one batch, `num_images_per_prompt` edits of each.
        """
        task, kit = find_task("image_editing"), self.kit
        each = at_least_one(num_images_per_prompt)
        asked = paired(image, instruction)
        seen = [self.see(one) for one, _ in asked]
        seeds, rule = seeds_of(seed, each * len(asked)), rule_of(task, sampling, guidance_scale)
        assert isinstance(task.output, Chain)
        region_codec, picture_codec = task.output.codecs
        grammars = [answer_grammar(picture_codec, self.kit_of(one.codes)) for one in seen]
        prefixes = [
            self.question(task, one.frame, task.budget + grammar.shortest, words=words, picture=one.codes)
            for (_, words), one, grammar in zip(asked, seen, grammars, strict=True)
        ]
        where = up_to_picture(region_codec, kit)
        regions = self.write(
            [
                Request(prefix=tuple(ids), grammar=where, budget=task.budget, seed=0, sampling=_GREEDY)
                for ids in prefixes
            ],
            callback_on_step_end,
        )
        requests, wheres = [], []
        for number, (prefix, region, one) in enumerate(zip(prefixes, regions, seen, strict=True)):
            region_ids, codes = region.ids[:-1], one.codes
            cells = free_cells(region_codec.decode(region_ids, kit, one.frame), one.frame, codes.rows, codes.columns)
            wheres += [cells] * each
            requests += [
                Request(
                    prefix=(*prefix, *region_ids),
                    unconditional=(*prompt_ids(task, kit, one.frame, picture=codes), *region_ids),
                    grammar=grammars[number],
                    budget=grammars[number].shortest,
                    seed=own,
                    sampling=rule,
                    copy=self._copied(codes, cells),
                    first_position=len(region_ids),
                )
                for own in seeds[number * each : (number + 1) * each]
            ]
        drawn = self.write(requests, callback_on_step_end)
        parts = [self._painted(seen[place // each], result) for place, result in enumerate(drawn)]
        return _edited([composite(one.pixels, new, c) for (one, new), c in zip(parts, wheres, strict=True)], seeds)

    def infill(
        self,
        image: Source | list[Source],
        mask: Hole | list[Hole],
        prompt: str | list[str] | None = None,
        *,
        seed: int | Sequence[int] | None = None,
        num_images_per_prompt: int = 1,
        guidance_scale: float | None = None,
        sampling: Sampling | None = None,
        callback_on_step_end: OnStep | None = None,
    ) -> Edited:
        """Paint a part of a picture anew: what was there is not looked at, and outside it every pixel stays bit for bit.

        mask: a box (x0, y0, x1, y1) in px of the picture, or an array or picture of its size, bright where it is painted.
        prompt: what the whole picture shall show; without it the rest of the picture suggests what to paint. With a list of
        pictures go one mask and one prompt, or a list of them; all is one batch, `num_images_per_prompt` pictures of each.
        """
        task, each = find_task("infilling"), at_least_one(num_images_per_prompt)
        seen = [self.see(one) for one in (image if isinstance(image, list) else [image])]
        holes = _one_each(mask, len(seen), "mask")
        prompts: list[str | None] = _one_each(prompt, len(seen), "prompt")
        seeds, rule = seeds_of(seed, each * len(seen)), rule_of(task, sampling, guidance_scale)
        requests, wheres = [], []
        for number, (one, hole, words) in enumerate(zip(seen, holes, prompts, strict=True)):
            codes, within = one.codes, _pixels(hole, one.frame)
            cells = cells_under(within, codes.rows, codes.columns)
            wheres += [(cells, within)] * each
            grammar = answer_grammar(task.output, self.kit_of(codes))
            ids = self.question(task, one.frame, grammar.shortest, words=words, picture=codes, hidden=cells)
            requests += [
                Request(
                    prefix=tuple(ids),
                    unconditional=tuple(prompt_ids(task, self.kit, one.frame, picture=codes, hidden=cells)),
                    grammar=grammar,
                    budget=grammar.shortest,
                    seed=own,
                    sampling=rule,
                    copy=self._copied(codes, cells),
                )
                for own in seeds[number * each : (number + 1) * each]
            ]
        drawn = self.write(requests, callback_on_step_end)
        parts = [self._painted(seen[place // each], result) for place, result in enumerate(drawn)]
        return _edited([composite(one.pixels, new, *w) for (one, new), w in zip(parts, wheres, strict=True)], seeds)

    def _copied(self, codes: Codes, free: Bool[np.ndarray, "rows columns"]) -> np.ndarray:
        """Of each cell the image id that is forced there, -1 where it is free."""
        return np.where(free.ravel(), -1, [self.kit.vocabulary.image_id(code) for code in codes.ids])

    def _painted(self, seen: Seen, result: Result) -> tuple[Seen, UInt8[np.ndarray, "_ _ 3"]]:
        """A picture, and what was painted for it."""
        return seen, self.parts.tokenizer.decode(answer_value(Picture(), self.kit, seen.frame, result.ids))


def _edited(pairs: Sequence[tuple[np.ndarray, np.ndarray]], seeds: list[int]) -> Edited:
    """Pictures with the masks of where they may have changed."""
    return Edited(
        images=[Image.fromarray(pixels) for pixels, _ in pairs],
        seeds=seeds,
        plans=[None for _ in pairs],
        changed=[changed for _, changed in pairs],
    )


def _one_each(value: Any, count: int, what: str) -> list[Any]:
    """A list as long as the pictures, or one value for all of them."""
    values = value if isinstance(value, list) else [value] * count
    if len(values) != count:
        raise InputError(f"one {what} goes with all pictures or one with each: {count} are expected, got {len(values)}")
    return values


def _pixels(hole: Hole, frame: Frame) -> Bool[np.ndarray, "height width"]:
    """The pixels of a picture that are to be painted: those whose centre lies in a box, or where a mask is bright."""
    if isinstance(hole, Box | tuple):
        x0, y0, x1, y1 = hole.as_tuple() if isinstance(hole, Box) else Box(*hole).as_tuple()
        x, y = np.arange(frame.width) + 0.5, np.arange(frame.height) + 0.5
        hidden = ((y0 <= y) & (y < y1))[:, None] & ((x0 <= x) & (x < x1))
    else:
        mask = np.asarray(hole)
        if mask.shape[:2] != (frame.height, frame.width) or mask.ndim > 3:
            raise InputError(
                f"a mask is as large as its picture, {frame.height} px high and {frame.width} px wide, "
                f"but an array of shape {mask.shape} came"
            )
        bright = mask if mask.ndim == 2 else mask[..., :3].max(-1)
        hidden = bright > bright.max() / 2  # 0 and 1, 0 and 255, and what JPEG makes of them
    if not hidden.any():
        raise InputError(f"the mask hides nothing of a picture of {frame.height} x {frame.width} px (height x width)")
    return hidden
