"""Pictures from words, from layouts, and from other pictures."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool
from PIL import Image

from anyvl.codecs import Chain, Codec, Kit, Picture, nearest_grid
from anyvl.codecs.intake import MOST_PIXELS, Source
from anyvl.errors import InputError
from anyvl.generation import Request
from anyvl.grammar.automaton import Automaton, compile_grammar
from anyvl.grammar.terms import Sequence as Then
from anyvl.grammar.terms import Token
from anyvl.pipeline.engine import Engine, OnStep, listed, paired, probabilities
from anyvl.sampling import Sampling
from anyvl.tasks import Task, find_task
from anyvl.tasks.image_editing import composite, free_cells
from anyvl.tasks.translate import answer_grammar, answer_value, prompt_ids
from anyvl.values import Box, Frame, Instance

_MOST_SIDE = 16_383
"""Longest side of a picture that is written, in px: the most that every format takes."""
_GREEDY = Sampling(temperature=0.0)

PlacedThing = tuple[Box | Sequence[float], str]
"""A box (x0, y0, x1, y1) in px of the picture to be painted, and what shall be in it."""


@dataclass(frozen=True, kw_only=True)
class Painted:
    """Pictures and the seed of each; plans: for each the things that were planned or asked for, None where there were none."""

    images: list[Image.Image]
    seeds: list[int]
    plans: list[list[Instance] | None] = dataclasses.field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Edited(Painted):
    """Edited pictures; changed: for each, (height, width), where it may differ from the original (elsewhere bit-identical)."""

    changed: list[Bool[np.ndarray, "_ _"]]


class Painting(Engine):
    """The methods that make pictures."""

    def generate(
        self,
        prompt: str | Sequence[str] | None = None,
        *,
        plan: bool = False,
        layout: Sequence[PlacedThing] | None = None,
        negative_prompt: str | None = None,
        height: int | None = None,
        width: int | None = None,
        seed: int | Sequence[int] | None = None,
        num_images_per_prompt: int = 1,
        guidance_scale: float | None = None,
        sampling: Sampling | None = None,
        callback_on_step_end: OnStep | None = None,
    ) -> Painted:
        """Paint pictures of prompts; image i of the call has seed + i, and depends on nothing but its prompt and its seed.

        The picture is painted on the trained grid of the nearest aspect and stretched to height × width where they are
        given; one of the two alone makes a square. seed may be a list, one a picture. guidance leads away from
        `negative_prompt`. plan: first write down where each thing goes, then paint to it (the steps of both are called
        back, each from 0). layout: paint these things there, in px of the picture (of the grid's own size where none is
        given), with or without a prompt; it goes for every prompt.
        """
        if plan and layout is not None:
            raise InputError("a layout is a plan already: give one of the two")
        name = "planned_image" if plan else "text_to_image" if layout is None else "layout_to_image"
        task, wanted = find_task(name), _wanted(height, width)
        said: list[str | None] = [None] if prompt is None and layout is not None else [*listed(prompt or "", str)]
        prompts = [words for words in said for _ in range(_at_least_one(num_images_per_prompt))]
        rows, columns = nearest_grid(wanted, self.kit.grids)
        kit = dataclasses.replace(self.kit, grids=((rows, columns),))
        if not (height or width):
            factor = self.parts.tokenizer.model.config.factor
            wanted = Frame(height=rows * factor, width=columns * factor)
        placed = None if layout is None else _placed(layout, wanted)
        for thing in placed or ():
            self.warn_of_unknown(thing.label)
        seeds, rule = _seeds(seed, len(prompts)), _rule(task, sampling, guidance_scale)
        grammar = answer_grammar(Picture(), kit)
        room = grammar.shortest + (task.budget if plan else 0)
        prefixes = [self.question(task, wanted, room, words=words, layout=placed) for words in prompts]
        planned: list[list[int]] = [[] for _ in prompts]
        plans: list[list[Instance] | None] = [placed for _ in prompts]
        if plan:
            assert isinstance(task.output, Chain)
            planner = task.output.codecs[0]
            results = self.write(
                [
                    Request(
                        prefix=tuple(ids), grammar=_before(planner, kit), budget=task.budget, seed=one, sampling=rule
                    )
                    for ids, one in zip(prefixes, seeds, strict=True)
                ],
                callback_on_step_end,
            )
            planned = [result.ids[:-1] for result in results]
            plans = [planner.decode(result.ids[:-1], kit, wanted, probabilities(result)[:-1]) for result in results]
        without = tuple(prompt_ids(find_task("text_to_image"), kit, wanted, prompt=negative_prompt or None))
        requests = [
            Request(
                prefix=(*ids, *more),
                unconditional=without,
                grammar=grammar,
                budget=grammar.shortest,
                seed=one,
                sampling=rule,
                first_position=len(more),
            )
            for ids, more, one in zip(prefixes, planned, seeds, strict=True)
        ]
        codes = [answer_value(Picture(), kit, wanted, r.ids) for r in self.write(requests, callback_on_step_end)]
        images = [Image.fromarray(self.parts.tokenizer.decode(code)) for code in codes]
        if height or width:
            images = [image.resize((wanted.width, wanted.height), Image.Resampling.BICUBIC) for image in images]
        return Painted(images=images, seeds=seeds, plans=plans)

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
        each = _at_least_one(num_images_per_prompt)
        asked = paired(image, instruction)
        seen = [self.see(one) for one, _ in asked]
        seeds, rule = _seeds(seed, each * len(asked)), _rule(task, sampling, guidance_scale)
        assert isinstance(task.output, Chain)
        region_codec, picture_codec = task.output.codecs
        grammars = [
            answer_grammar(picture_codec, dataclasses.replace(kit, grids=((one.codes.rows, one.codes.columns),)))
            for one in seen
        ]
        prefixes = [
            self.question(task, one.frame, task.budget + grammar.shortest, words=words, picture=one.codes)
            for (_, words), one, grammar in zip(asked, seen, grammars, strict=True)
        ]
        where = _before(region_codec, kit)
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
                    copy=np.where(cells.ravel(), -1, [kit.vocabulary.image_id(code) for code in codes.ids]),
                    first_position=len(region_ids),
                )
                for own in seeds[number * each : (number + 1) * each]
            ]
        pairs = []
        for place, (result, cells) in enumerate(zip(self.write(requests, callback_on_step_end), wheres, strict=True)):
            one = seen[place // each]
            painted = self.parts.tokenizer.decode(answer_value(Picture(), kit, one.frame, result.ids))
            pairs.append(composite(one.pixels, painted, cells))
        return Edited(
            images=[Image.fromarray(pixels) for pixels, _ in pairs],
            seeds=seeds,
            plans=[None for _ in pairs],
            changed=[mask for _, mask in pairs],
        )


def _before(codec: Codec, kit: Kit) -> Automaton:
    """The grammar of what comes before a picture, up to and with its first mark."""
    return compile_grammar(Then(codec.grammar(kit), Token(kit.vocabulary.control("image"))), kit.vocabulary)


def _placed(layout: Sequence[PlacedThing], frame: Frame) -> list[Instance]:
    """The things of a layout; InputError where there are none, or one is no box and name."""
    things = []
    for entry in layout:
        if len(entry) != 2 or not isinstance(entry[1], str) or not (isinstance(entry[0], Box) or len(entry[0]) == 4):
            raise InputError(f"a layout is a list of pairs ((x0, y0, x1, y1), name), but {entry!r} came")
        box, label = entry
        things.append(Instance(label=label, box=box if isinstance(box, Box) else Box(*box), frame=frame))
    if not things:
        raise InputError("a layout has at least one thing: leave it out to paint from words alone")
    return things


def _at_least_one(count: int) -> int:
    if count < 1:
        raise InputError(f"at least one picture is asked for, got {count}")
    return count


def _seeds(seed: int | Sequence[int] | None, count: int) -> list[int]:
    if isinstance(seed, Sequence):
        if len(seed) != count:
            raise InputError(f"a list of seeds has one a picture: {count} are expected, got {len(seed)}")
        return list(seed)
    first = int(np.random.default_rng().integers(2**31)) if seed is None else seed
    return [first + i for i in range(count)]


def _wanted(height: int | None, width: int | None) -> Frame:
    """The size asked for, or a square where none is."""
    frame = Frame(height=height or width or 1, width=width or height or 1)
    if max(frame.height, frame.width) > _MOST_SIDE or frame.height * frame.width > MOST_PIXELS:
        raise InputError(
            f"a picture has at most {_MOST_SIDE} px a side and {MOST_PIXELS // 1_000_000} million in all, "
            f"but height {frame.height}, width {frame.width} came"
        )
    return frame


def _rule(task: Task, sampling: Sampling | None, guidance_scale: float | None) -> Sampling:
    chosen = sampling or task.sampling
    return chosen if guidance_scale is None else dataclasses.replace(chosen, guidance_scale=guidance_scale)
