"""Pictures from words and from layouts."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from anyvl.codecs import Chain, Picture, nearest_grid
from anyvl.errors import InputError
from anyvl.generation import Request
from anyvl.pipeline.engine import (
    Engine,
    OnStep,
    as_list,
    at_least_one,
    candidate_seed,
    probabilities,
    rule_of,
    seeds_of,
    up_to_picture,
)
from anyvl.sampling import Sampling
from anyvl.tasks import find_task
from anyvl.tasks.translate import answer_grammar, answer_value, prompt_ids
from anyvl.values import Box, Codes, Frame, Instance

READ_BACK = "captioning"
"""The task that pictures are read back by, to be compared with their words."""
PlacedThing = tuple[Box | Sequence[float], str]
"""A box (x0, y0, x1, y1) in px of the picture to be painted, and what shall be in it."""


@dataclass(frozen=True, kw_only=True)
class Painted:
    """Pictures and the seed of each; plans: for each the things that were planned or asked for, None where there were none."""

    images: list[Image.Image]
    seeds: list[int]
    plans: list[list[Instance] | None] = dataclasses.field(default_factory=list)


class Painting(Engine):
    """The methods that make pictures of words."""

    def generate(
        self,
        prompt: str | Sequence[str] | None = None,
        *,
        plan: bool | None = None,
        layout: Sequence[PlacedThing] | None = None,
        negative_prompt: str | None = None,
        height: int | None = None,
        width: int | None = None,
        seed: int | Sequence[int] | None = None,
        num_images_per_prompt: int = 1,
        candidates: int | None = None,
        guidance_scale: float | None = None,
        sampling: Sampling | None = None,
        callback_on_step_end: OnStep | None = None,
    ) -> Painted:
        """Paint pictures of prompts; image i of the call has seed + i, and depends on nothing but its prompt and its seed.

        The picture is painted on the trained grid of the nearest aspect and stretched to height × width where they are
        given; one of the two alone makes a square. seed may be a list, one a picture. guidance leads away from
        `negative_prompt`. plan: first write down where each thing goes, then paint to it (the steps of both are called
        back, each from 1); None: if the model is one that does (`Parts.plans`). layout: paint these things there, in px of
        the picture (of the grid's own size where none is given), with or without a prompt; it goes for every prompt.

        candidates: of so many pictures the one is kept that shows the words best to the model's own eyes: it finds them the
        likeliest caption (as DALL-E ranks by CLIP, Ramesh et al. 2021, arXiv:2102.12092, but without a second network). The
        first is what the seed gives alone, the others have seeds made from it; None: as many as the model takes where nothing
        is said (`Parts.candidates`), and one where there are no words.
        """
        if plan and layout is not None:
            raise InputError("a layout is a plan already: give one of the two")
        if plan is None:
            plan = self.parts.plans and layout is None
        name = "planned_image" if plan else "text_to_image" if layout is None else "layout_to_image"
        task, wanted = find_task(name), self.painted_frame(height, width)
        said: list[str | None] = [None] if prompt is None and layout is not None else [*as_list(prompt or "", str)]
        prompts = [words for words in said for _ in range(at_least_one(num_images_per_prompt))]
        tries = self._candidates(candidates, prompts)
        rows, columns = nearest_grid(wanted, self.kit.grids)
        kit = dataclasses.replace(self.kit, grids=((rows, columns),))
        placed = None if layout is None else _placed(layout, wanted)
        for thing in placed or ():
            self.warn_of_unknown(thing.label)
        seeds, rule = seeds_of(seed, len(prompts)), rule_of(task, sampling, guidance_scale)
        grammar = answer_grammar(Picture(), kit)
        room = grammar.shortest + (task.budget if plan else 0)
        own = [candidate_seed(one, number) for one in seeds for number in range(tries)]
        asked = [self.question(task, wanted, room, words=words, layout=placed) for words in prompts]
        prefixes = [ids for ids in asked for _ in range(tries)]
        planned: list[list[int]] = [[] for _ in own]
        plans: list[list[Instance] | None] = [placed for _ in own]
        if plan:
            assert isinstance(task.output, Chain)
            planner = task.output.codecs[0]
            results = self.write(
                [
                    Request(
                        prefix=tuple(ids),
                        grammar=up_to_picture(planner, kit),
                        budget=task.budget,
                        seed=one,
                        sampling=rule,
                    )
                    for ids, one in zip(prefixes, own, strict=True)
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
            for ids, more, one in zip(prefixes, planned, own, strict=True)
        ]
        codes = [answer_value(Picture(), kit, wanted, r.ids) for r in self.write(requests, callback_on_step_end)]
        kept = [
            first + (self._closest(words, codes[first : first + tries], wanted) if tries > 1 else 0)
            for words, first in zip(prompts, range(0, len(codes), tries), strict=True)
        ]
        images = [Image.fromarray(self.parts.tokenizer.decode(codes[place])) for place in kept]
        if height or width:
            images = [image.resize((wanted.width, wanted.height), Image.Resampling.BICUBIC) for image in images]
        return Painted(images=images, seeds=seeds, plans=[plans[place] for place in kept])

    def _candidates(self, asked: int | None, prompts: Sequence[str | None]) -> int:
        """How many pictures are painted for each that is kept; InputError where they could not be compared."""
        if asked is None:
            return 1 if None in prompts else self.parts.candidates
        if asked < 1:
            raise InputError(f"one or more candidates are painted of each picture, but {asked} came")
        if asked > 1 and None in prompts:
            raise InputError("candidates are compared by the words: give a prompt with the layout, or leave them out")
        if asked > 1:
            self.require_task(READ_BACK)
        return asked

    def _closest(self, words: str | None, pictures: Sequence[Codes], frame: Frame) -> int:
        """The number of the picture of which the words are the likeliest caption."""
        assert words is not None
        task = find_task(READ_BACK)
        likely = [self.likelihoods(task, frame, codes, "", [words])[0] for codes in pictures]
        return max(range(len(pictures)), key=likely.__getitem__)


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
