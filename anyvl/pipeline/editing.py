"""Pictures from other pictures: changed as told, or painted anew where a part is hidden."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, UInt8
from PIL import Image

from anyvl.codecs import Chain, Picture, open_picture
from anyvl.codecs.intake import Source
from anyvl.errors import InputError
from anyvl.generation import Request, Result
from anyvl.pipeline.engine import Engine, OnStep, at_least_one, paired, rule_of, seeds_of, up_to_picture
from anyvl.pipeline.painting import Painted
from anyvl.sampling import Sampling
from anyvl.tasks import find_task
from anyvl.tasks.image_editing import composite, free_cells
from anyvl.tasks.infilling import Hole, cells_under, covered, filled, hidden_pixels, is_box
from anyvl.tasks.translate import answer_grammar, prompt_ids
from anyvl.values import Codes, Frame

_GREEDY = Sampling(temperature=0.0)
_NO_FRAME = Frame(height=1, width=1)
"""Codes have no coordinates."""


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
        where = up_to_picture(region_codec, kit)
        listed = self.looked(task, seen, [words for _, words in asked], callback_on_step_end)
        prefixes = [
            self.question(
                task, one.frame, where.shortest + grammar.shortest, words=words, picture=one.codes, listed=things
            )
            for (_, words), one, things, grammar in zip(asked, seen, listed, grammars, strict=True)
        ]
        left = [
            self.stepper.longest - len(ids) - grammar.shortest for ids, grammar in zip(prefixes, grammars, strict=True)
        ]
        regions = self.write(
            [
                Request(prefix=tuple(ids), grammar=where, budget=min(task.budget, room), seed=0, sampling=_GREEDY)
                for ids, room in zip(prefixes, left, strict=True)
            ],
            callback_on_step_end,
        )
        requests, wheres = [], []
        for number, (prefix, region, one, things) in enumerate(zip(prefixes, regions, seen, listed, strict=True)):
            region_ids, codes = region.ids[:-1], one.codes
            unasked = prompt_ids(task, kit, one.frame, picture=codes, listed=things)
            cells = free_cells(region_codec.decode(region_ids, kit, one.frame), one.frame, codes.rows, codes.columns)
            wheres += [cells] * each
            requests += [
                Request(
                    prefix=(*prefix, *region_ids),
                    unconditional=(*unasked, *region_ids),
                    grammar=grammars[number],
                    budget=grammars[number].shortest,
                    seed=own,
                    sampling=rule,
                    copy=self._copied(codes, cells),
                    expected=self._copied(codes, np.zeros_like(cells)),
                    first_position=len(region_ids),
                )
                for own in seeds[number * each : (number + 1) * each]
            ]
        drawn = self.write(requests, callback_on_step_end)
        pairs = [
            composite(seen[place // each].pixels, self._painted(result), cells)
            for place, (result, cells) in enumerate(zip(drawn, wheres, strict=True))
        ]
        return _edited([pixels for pixels, _ in pairs], [changed for _, changed in pairs], seeds)

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

        mask: a box (x0, y0, x1, y1) in px of the picture, or any picture or array of its size, white (True) where it is painted.
        prompt: what the whole picture shall show; without it the rest of the picture suggests what to paint. Lists of pictures,
        masks and prompts go together, what is no list with each; all is one batch, `num_images_per_prompt` pictures of each.
        """
        task, each = find_task("infilling"), at_least_one(num_images_per_prompt)
        masks = mask if isinstance(mask, list) and not is_box(mask) else [mask]
        asked = _together(
            pictures=image if isinstance(image, list) else [image],
            masks=masks,
            prompts=prompt if isinstance(prompt, list) else [prompt],
        )
        seeds, rule = seeds_of(seed, each * len(asked)), rule_of(task, sampling, guidance_scale)
        requests, places = [], []
        for number, (source, hole, words) in enumerate(asked):
            original = open_picture(source)
            hidden = hidden_pixels(hole, Frame(height=original.shape[0], width=original.shape[1]))
            seen = self.see(covered(original, hidden))
            cells = cells_under(hidden, seen.codes.rows, seen.codes.columns)
            places += [(original, hidden)] * each
            grammar = answer_grammar(task.output, self.kit_of(seen.codes))
            ids = self.question(task, seen.frame, grammar.shortest, words=words, picture=seen.codes, hidden=cells)
            requests += [
                Request(
                    prefix=tuple(ids),
                    unconditional=tuple(prompt_ids(task, self.kit, seen.frame, picture=seen.codes, hidden=cells)),
                    grammar=grammar,
                    budget=grammar.shortest,
                    seed=own,
                    sampling=rule,
                    copy=self._copied(seen.codes, cells),
                )
                for own in seeds[number * each : (number + 1) * each]
            ]
        drawn = self.write(requests, callback_on_step_end)
        images = [
            filled(original, self._painted(result), hidden)
            for result, (original, hidden) in zip(drawn, places, strict=True)
        ]
        return _edited(images, [hidden for _, hidden in places], seeds)

    def _copied(self, codes: Codes, free: Bool[np.ndarray, "rows columns"]) -> Int[np.ndarray, "cell"]:
        """Of each cell the image id that is forced there, -1 where it is free."""
        return np.where(free.ravel(), -1, [self.kit.vocabulary.image_id(code) for code in codes.ids])

    def _painted(self, result: Result) -> UInt8[np.ndarray, "height width 3"]:
        """The picture at the end of an answer, at the image tokenizer's size."""
        return self.parts.tokenizer.decode(Picture().decode(result.ids[:-1], self.kit, _NO_FRAME))


def _edited(
    images: Sequence[UInt8[np.ndarray, "_ _ 3"]], changed: Sequence[Bool[np.ndarray, "_ _"]], seeds: list[int]
) -> Edited:
    """Pictures with the masks of where they may have changed."""
    return Edited(
        images=[Image.fromarray(pixels) for pixels in images],
        seeds=seeds,
        plans=[None for _ in images],
        changed=list(changed),
    )


def _together(**lists: list[Any]) -> list[tuple[Any, ...]]:
    """Lists that go together, where one of a single entry goes with each of the others."""
    longest = max(map(len, lists.values()))
    for name, values in lists.items():
        if len(values) not in (1, longest):
            raise InputError(
                f"there are {longest} edits, so as many {name} are expected, or one for all: {len(values)} came"
            )
    return list(zip(*(values * (longest // len(values)) for values in lists.values()), strict=True))
