"""The figure as code: values → codecs → ids → decoder + grammar → ids → codecs → values.

image, text ──codecs──▶ ids ──decoder + grammar──▶ ids ──codecs──▶ picture · text · boxes · polygons
"""

import dataclasses
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from jaxtyping import Bool
from PIL import Image

from anyvl.checkpoint import Parts, load_parts, save_parts
from anyvl.codecs import Boxes, Chain, Kit, Picture, Polygons, nearest_grid, open_picture
from anyvl.codecs.intake import MOST_PIXELS, Source
from anyvl.errors import InputError, StoppedError
from anyvl.generation import DecoderStepper, Request, Result, generate
from anyvl.grammar.automaton import compile_grammar
from anyvl.grammar.terms import Sequence as Then
from anyvl.grammar.terms import Token
from anyvl.sampling import Sampling
from anyvl.tasks import Task, find_task
from anyvl.tasks.image_editing import composite, free_cells
from anyvl.tasks.translate import answer_grammar, answer_value, prompt_ids
from anyvl.values import Codes, Frame

_T = TypeVar("_T")
OnStep = Callable[[int, int], bool | None]
_MOST_SIDE = 16_383
"""Longest side of a picture that is written, in px: the most that every format takes."""


class UnknownWordsWarning(UserWarning):
    """A prompt has words that the model never saw in training."""


@dataclass(frozen=True, kw_only=True)
class Painted:
    """Pictures and the seed of each."""

    images: list[Image.Image]
    seeds: list[int]


@dataclass(frozen=True, kw_only=True)
class Edited(Painted):
    """Edited pictures; changed: for each, (height, width), where it may differ from the original (elsewhere bit-identical)."""

    changed: list[Bool[np.ndarray, "_ _"]]


class AnyVL:
    """One decoder that paints, edits, segments, detects and captions.

    Pictures may be paths, PIL images or uint8 arrays; all coordinates that come back are pixels of the picture that went in
    (EXIF-turned), x right, y down. A list of pictures or prompts gives a list of answers, computed as one batch.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._stepper = DecoderStepper(parts.decoder)

    @classmethod
    def from_pretrained(
        cls, folder: str | Path | None = None, *, device: str | None = None, dtype: str | torch.dtype = torch.float32
    ) -> "AnyVL":
        """The model of a checkpoint folder or hub id; the default model, which comes with the package, if None.

        device: "cpu", "cuda", ...; the first GPU, or else the CPU, if None. dtype: of the weights and the computation.
        """
        return cls(load_parts(folder, _device(device), _dtype(dtype)))

    def save_pretrained(self, folder: str | Path, dtype: str | torch.dtype | None = None) -> None:
        """Write a checkpoint folder that `from_pretrained` reads; weights as they are, or rounded to `dtype`."""
        save_parts(self.parts, folder, self._stepper.dtype if dtype is None else _dtype(dtype))

    @property
    def kit(self) -> Kit:
        return self.parts.kit

    def generate(
        self,
        prompt: str | Sequence[str],
        *,
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

        The picture is painted on the trained grid of the nearest aspect and stretched to height × width where they are given;
        one of the two alone makes a square. seed may be a list, one a picture. guidance leads away from `negative_prompt`.
        """
        task, kit = find_task("text_to_image"), self.kit
        prompts = [words for words in _listed(prompt, str) for _ in range(_at_least_one(num_images_per_prompt))]
        wanted = _wanted(height, width)
        rows, columns = nearest_grid(wanted, kit.grids)
        kit = dataclasses.replace(kit, grids=((rows, columns),))
        seeds = _seeds(seed, len(prompts))
        rule = _sampling(task, sampling, guidance_scale)
        grammar = answer_grammar(task.output, kit)
        without = tuple(prompt_ids(task, kit, wanted, prompt=negative_prompt or None))
        requests = [
            Request(
                prefix=tuple(self._prefix(task, wanted, grammar.shortest, words=words)),
                unconditional=without,
                grammar=grammar,
                budget=grammar.shortest,
                seed=one,
                sampling=rule,
            )
            for words, one in zip(prompts, seeds, strict=True)
        ]
        codes = [answer_value(task.output, kit, wanted, r.ids) for r in self._run(requests, callback_on_step_end)]
        images = [Image.fromarray(self.parts.tokenizer.decode(code)) for code in codes]
        if height or width:
            images = [image.resize((wanted.width, wanted.height), Image.Resampling.BICUBIC) for image in images]
        return Painted(images=images, seeds=seeds)

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
        asked = _paired(image, instruction)
        seen = [self._see(one) for one, _ in asked]
        seeds = _seeds(seed, each * len(asked))
        rule = _sampling(task, sampling, guidance_scale)
        assert isinstance(task.output, Chain)
        region_codec, picture_codec = task.output.codecs
        where = compile_grammar(Then(region_codec.grammar(kit), Token(kit.vocabulary.control("image"))), kit.vocabulary)
        grammars = [
            answer_grammar(picture_codec, dataclasses.replace(kit, grids=((codes.rows, codes.columns),)))
            for _, _, codes in seen
        ]
        prefixes = [
            self._prefix(task, frame, task.budget + grammar.shortest, words=words, picture=codes)
            for (_, words), (_, frame, codes), grammar in zip(asked, seen, grammars, strict=True)
        ]
        regions = self._run(
            [
                Request(
                    prefix=tuple(ids), grammar=where, budget=task.budget, seed=0, sampling=Sampling(temperature=0.0)
                )
                for ids in prefixes
            ]
        )
        requests, wheres = [], []
        for number, (prefix, region, (_, frame, codes)) in enumerate(zip(prefixes, regions, seen, strict=True)):
            region_ids = region.ids[:-1]
            cells = free_cells(region_codec.decode(region_ids, kit, frame), frame, codes.rows, codes.columns)
            wheres += [cells] * each
            requests += [
                Request(
                    prefix=(*prefix, *region_ids),
                    unconditional=(*prompt_ids(task, kit, frame, picture=codes), *region_ids),
                    grammar=grammars[number],
                    budget=grammars[number].shortest,
                    seed=one,
                    sampling=rule,
                    copy=np.where(cells.ravel(), -1, [kit.vocabulary.image_id(code) for code in codes.ids]),
                    first_position=len(region_ids),
                )
                for one in seeds[number * each : (number + 1) * each]
            ]
        pairs = []
        for place, (result, cells) in enumerate(zip(self._run(requests, callback_on_step_end), wheres, strict=True)):
            picture, frame, codes = seen[place // each]
            painted = self.parts.tokenizer.decode(answer_value(Picture(), kit, frame, result.ids))
            pairs.append(composite(picture, painted, cells))
        return Edited(
            images=[Image.fromarray(pixels) for pixels, _ in pairs], seeds=seeds, changed=[mask for _, mask in pairs]
        )

    def segment(
        self, image: Source | list[Source], phrase: str | list[str], *, callback_on_step_end: OnStep | None = None
    ) -> Any:
        """Polygons of everything a phrase refers to, largest first: a list of `Instance`, empty when there is nothing."""
        return self._answer("segmentation", image, phrase, lambda words: Polygons(label=words), callback_on_step_end)

    def detect(
        self,
        image: Source | list[Source],
        labels: str | Sequence[str] | None = None,
        *,
        callback_on_step_end: OnStep | None = None,
    ) -> Any:
        """Boxes and names of everything in a picture, largest first; of these only the ones with given labels, if any."""
        found = self._answer("detection", image, "", lambda words: Boxes(), callback_on_step_end)
        if labels is None:
            return found
        wanted = _listed(labels, str)
        if not wanted:
            raise InputError("labels name at least one thing to find, or are left out to find all")
        for label in wanted:
            self._warn_of_unknown(label)
        many = found if isinstance(image, list) else [found]
        kept = [[thing for thing in things if thing.label in wanted] for things in many]
        return kept if isinstance(image, list) else kept[0]

    def caption(self, image: Source | list[Source], *, callback_on_step_end: OnStep | None = None) -> Any:
        """What a picture shows, in words."""
        return self._answer("captioning", image, "", lambda words: find_task("captioning").output, callback_on_step_end)

    def run(self, task: str, **inputs: Any) -> Any:
        """Any task by its name; see the method of the same meaning for its inputs."""
        find_task(task)
        return getattr(self, _METHODS[task])(**inputs)

    def info(self) -> dict[str, Any]:
        """What this model is and what it knows."""
        kit = self.kit
        size = sum(p.numel() for p in self.parts.decoder.parameters())
        factor = self.parts.tokenizer.model.config.factor
        return {
            "decoder_parameters": size,
            "image_tokenizer_parameters": sum(p.numel() for p in self.parts.tokenizer.model.parameters()),
            "language": kit.vocabulary.layout(),
            "pictures": [{"height": rows * factor, "width": columns * factor} for rows, columns in kit.grids],
            "knows": {what: names for what, names in self.parts.knows.items() if what != "words"},
        }

    def unknown_words(self, words: str) -> list[str]:
        """Words of a prompt that the model never saw; empty when the checkpoint does not say what it knows."""
        known = set(self.parts.knows.get("words", ()))
        return [word for word in re.findall(r"[^\s,.;:!?]+", words.lower()) if known and word not in known]

    def _answer(
        self, name: str, image: Any, phrase: str | list[str], codec_of: Callable[[str], Any], on_step: OnStep | None
    ) -> Any:
        """Ask one question of a picture, or one of each of several."""
        task, kit = find_task(name), self.kit
        asked = _paired(image, phrase)
        seen = [self._see(one) for one, _ in asked]
        budget = min(task.budget, self._stepper.longest // 2)
        requests = [
            Request(
                prefix=tuple(self._prefix(task, frame, budget, words=words, picture=codes)),
                grammar=answer_grammar(codec_of(words), kit),
                budget=budget,
                seed=0,
                sampling=task.sampling,
            )
            for (_, frame, codes), (_, words) in zip(seen, asked, strict=True)
        ]
        values = [
            answer_value(codec_of(words), kit, frame, result.ids, _probabilities(result))
            for result, (_, frame, _), (_, words) in zip(self._run(requests, on_step), seen, asked, strict=True)
        ]
        return values if isinstance(image, list) or isinstance(phrase, list) else values[0]

    def _see(self, image: Source) -> tuple[np.ndarray, Frame, Codes]:
        """A picture as pixels, its frame, and its codes on the grid of nearest aspect."""
        picture = open_picture(image)
        frame = Frame(height=picture.shape[0], width=picture.shape[1])
        return picture, frame, self.parts.tokenizer.encode(picture, *nearest_grid(frame, self.kit.grids))

    def _prefix(
        self, task: Task, frame: Frame, answer: int, *, words: str = "", picture: Codes | None = None
    ) -> list[int]:
        """The ids of a question, where `answer` ids have room after them."""
        if task.needs_words:
            if not words.strip():
                raise InputError(f"{task.name.replace('_', ' ')} needs words: the prompt is empty")
            self._warn_of_unknown(words)
        prefix = prompt_ids(task, self.kit, frame, picture=picture, prompt=task.prompt(words))
        longest = self._stepper.longest
        if len(prefix) + answer > longest:
            raise InputError(
                f"the prompt is too long: with its picture it takes {len(prefix)} ids, and {longest - answer} are left of "
                f"the model's {longest} beside the answer"
            )
        return prefix

    def _warn_of_unknown(self, words: str) -> None:
        unknown = self.unknown_words(words)
        if unknown:
            names = ", ".join(repr(word) for word in unknown[:8])
            warnings.warn(
                f"the model never saw these words in training: {names} (`anyvl info` lists what it knows)",
                UnknownWordsWarning,
                stacklevel=5,
            )

    def _run(self, requests: list[Request], on_step: OnStep | None = None) -> list[Result]:
        results = generate(self._stepper, requests, on_step)
        if any(result.aborted for result in results):
            raise StoppedError(
                f"the callback stopped the answer after {results[0].forwards} steps: there is no value yet"
            )
        return results


_METHODS = {
    "text_to_image": "generate",
    "image_editing": "edit",
    "segmentation": "segment",
    "detection": "detect",
    "captioning": "caption",
}


def _device(name: str | None) -> torch.device:
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as problem:
        raise InputError(f"the device {name!r} cannot be used here: {str(problem).splitlines()[0]}") from None
    return device


def _dtype(name: str | torch.dtype) -> torch.dtype:
    dtype = getattr(torch, name, None) if isinstance(name, str) else name
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise InputError(f"the dtype is float32, bfloat16 or float16, got {name!r}")
    return dtype


def _listed(value: _T | Sequence[_T], kind: type[_T]) -> list[_T]:
    return [value] if isinstance(value, kind) else list(value)  # type: ignore[arg-type]


def _paired(image: Source | list[Source], words: str | list[str]) -> list[tuple[Source, str]]:
    """Pictures with their words; where one of the two is no list, it goes with each of the other."""
    images = image if isinstance(image, list) else [image] * (len(words) if isinstance(words, list) else 1)
    phrases = words if isinstance(words, list) else [words] * len(images)
    if len(images) != len(phrases):
        raise InputError(f"as many phrases as pictures are expected, got {len(phrases)} for {len(images)}")
    return list(zip(images, phrases, strict=True))


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


def _probabilities(result: Result) -> list[float]:
    """Of each id; 0 where a half-precision network gave no number."""
    return np.nan_to_num(np.exp(result.log_probabilities), nan=0.0).tolist()


def _sampling(task: Task, sampling: Sampling | None, guidance_scale: float | None) -> Sampling:
    chosen = sampling or task.sampling
    return chosen if guidance_scale is None else dataclasses.replace(chosen, guidance_scale=guidance_scale)


__all__ = ["AnyVL", "Edited", "OnStep", "Painted", "UnknownWordsWarning"]
