"""What every task needs of a loaded model: seeing pictures, putting questions into ids, writing answers."""

import dataclasses
import inspect
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, UInt8

from anyvl.checkpoint import Parts
from anyvl.codecs import Codec, Kit, nearest_grid, open_picture
from anyvl.codecs.intake import Source, require_writable
from anyvl.codecs.text import text_to_ids
from anyvl.errors import InputError, StoppedError
from anyvl.generation import DecoderStepper, Request, Result, generate
from anyvl.grammar.automaton import Automaton, compile_grammar
from anyvl.grammar.terms import Sequence as Then
from anyvl.grammar.terms import Token
from anyvl.sampling import Sampling
from anyvl.tasks import Task
from anyvl.tasks.listing import LISTING, can_look
from anyvl.tasks.translate import answer_grammar, answer_value, prompt_ids
from anyvl.values import Codes, Frame, Instance

T = TypeVar("T")
OnStep = Callable[[int, int], bool | None]


class UnknownWordsWarning(UserWarning):
    """A prompt has words that the model never saw in training."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """A picture as pixels, its frame, and its codes on the grid of nearest aspect."""

    pixels: UInt8[np.ndarray, "height width 3"]
    frame: Frame
    codes: Codes


class Engine:
    """A checkpoint ready to answer."""

    window: int | None = None
    """How many places of a picture one forward decides, 1 to 16; None for as many as pay. Pictures stay the same."""

    def __init__(self, parts: Parts, int8: bool = False) -> None:
        self.parts = parts
        self.stepper = DecoderStepper(parts.decoder, int8)

    @property
    def kit(self) -> Kit:
        return self.parts.kit

    def see(self, image: Source) -> Seen:
        """A picture, EXIF-turned, as the model sees it."""
        pixels = open_picture(image)
        frame = Frame(height=pixels.shape[0], width=pixels.shape[1])
        return Seen(
            pixels=pixels,
            frame=frame,
            codes=self.parts.tokenizer.encode(pixels, *nearest_grid(frame, self.kit.grids)),
        )

    def painted_frame(self, height: int | None = None, width: int | None = None) -> Frame:
        """The size of what is painted where these sides are asked for: one alone is both, none is the model's own."""
        frame = Frame(height=height or width or 1, width=width or height or 1)
        if not (height or width):
            rows, columns = nearest_grid(frame, self.kit.grids)
            factor = self.parts.tokenizer.model.config.factor
            frame = Frame(height=rows * factor, width=columns * factor)
        require_writable(frame.height, frame.width)
        return frame

    def kit_of(self, codes: Codes) -> Kit:
        """The kit with the grid of these codes alone: what is painted for them has their size."""
        return dataclasses.replace(self.kit, grids=((codes.rows, codes.columns),))

    def question(
        self,
        task: Task,
        frame: Frame,
        room: int,
        *,
        words: str | None = "",
        picture: Codes | None = None,
        hidden: Bool[np.ndarray, "rows columns"] | None = None,
        listed: Sequence[Instance] | None = None,
        layout: Sequence[Instance] | None = None,
    ) -> list[int]:
        """The ids of a question, where an answer of `room` ids fits behind it; words None leaves them out.

        InputError for a task the model was not trained for, for missing words and for too many.
        """
        self.check(task, words)
        if task.needs_words and words is not None:
            self.warn_of_unknown(words)
        prompt = None if words is None else task.prompt(words)
        ids = prompt_ids(
            task, self.kit, frame, picture=picture, hidden=hidden, listed=listed, prompt=prompt, layout=layout
        )
        longest = self.stepper.longest
        if len(ids) + room > longest:
            raise InputError(
                f"the prompt is too long: with its picture it takes {len(ids)} ids, and {longest - room} are left of "
                f"the model's {longest} beside the answer"
            )
        return ids

    def looked(
        self, task: Task, pictures: Sequence[Seen], words: Sequence[str], on_step: OnStep | None = None
    ) -> Sequence[list[Instance] | None]:
        """What is in each of some pictures, listed before their questions are put: one list a picture, however often it comes.
        None where the task is answered without, or by a model that was not trained to look.

        Questions that will be refused are refused here, before anything is written.
        """
        for question in words:
            self.check(task, question)
        if not task.looks or not can_look(self.parts.tasks):
            return [None] * len(pictures)
        apart = {(one.codes, one.frame): one for one in pictures}
        lists = dict(zip(apart, self.lists(list(apart.values()), on_step), strict=True))
        return [lists[one.codes, one.frame] for one in pictures]

    def lists(self, pictures: Sequence[Seen], on_step: OnStep | None = None) -> list[list[Instance]]:
        """What the model lists in each of some pictures, as one batch."""
        grammar = answer_grammar(LISTING.output, self.kit)
        budget = self.budget(LISTING, grammar)
        requests = [
            Request(
                prefix=tuple(self.question(LISTING, one.frame, budget, picture=one.codes)),
                grammar=grammar,
                budget=budget,
                seed=0,
                sampling=LISTING.sampling,
            )
            for one in pictures
        ]
        return [
            answer_value(LISTING.output, self.kit, one.frame, result.ids, probabilities(result))
            for one, result in zip(pictures, self.write(requests, on_step), strict=True)
        ]

    def check(self, task: Task, words: str | None) -> None:
        """InputError for a task the model was not trained for, and for missing words; words None are left out on purpose."""
        self.require_task(task.name)
        if task.needs_words and words is not None and not words.strip():
            raise InputError(f"{task.name.replace('_', ' ')} needs words: the prompt is empty")

    def budget(self, task: Task, grammar: Automaton) -> int:
        """Most ids of an answer: of a small model, half of what it can hold at most."""
        return min(task.budget, self.stepper.longest // 2) + grammar.shortest

    def require_task(self, name: str) -> None:
        """InputError for a task that the model was not trained for."""
        if self.parts.tasks and name not in self.parts.tasks:
            known = ", ".join(self.parts.tasks)
            raise InputError(f"this model was not trained for {name}: it knows {known}")

    def likelihoods(
        self,
        task: Task,
        frame: Frame,
        picture: Codes,
        words: str,
        answers: Sequence[str],
        listed: Sequence[Instance] | None = None,
    ) -> list[float]:
        """The log probability, in nats, of each of some answers in words to a question about a picture: one pass for all."""
        opened, closed = (self.kit.vocabulary.control(mark) for mark in ("text", "text_end"))
        branches = [[*text_to_ids(answer, self.kit), closed] for answer in answers]
        ids = self.question(task, frame, 1 + max(map(len, branches)), words=words, picture=picture, listed=listed)
        return self.stepper.likelihoods([*ids, opened], branches)

    def write(self, requests: list[Request], on_step: OnStep | None = None) -> list[Result]:
        """Write all answers as one batch; StoppedError when the callback ends it early."""
        results = generate(self.stepper, requests, on_step, self.window)
        if any(result.aborted for result in results):
            raise StoppedError("the callback stopped the answer before its end: there is no value yet")
        return results

    def unknown_words(self, words: str) -> list[str]:
        """Words of a prompt that the model never saw; empty when the checkpoint does not say what it knows."""
        known = set(self.parts.knows.get("words", ()))
        return [word for word in re.findall(r"[^\s,.;:!?]+", words.lower()) if known and word not in known]

    def warn_of_unknown(self, words: str) -> None:
        """UnknownWordsWarning, at the line of the user's call, for words that the model never saw."""
        _warn("the model never saw these words in training", self.unknown_words(words))

    def warn_of_unnamed(self, labels: Sequence[str]) -> None:
        """UnknownWordsWarning for names that no thing has for the model: it knows other words for some, and names by one."""
        known = self.parts.knows.get("things", ())
        _warn("the model names no thing so", [label for label in labels if known and label not in known])


def _warn(what: str, words: Sequence[str]) -> None:
    """UnknownWordsWarning at the line of the user's call, if there are words to warn of."""
    if words:
        names = ", ".join(repr(word) for word in words[:8])
        warnings.warn(f"{what}: {names} (`anyvl info` lists what it knows)", UnknownWordsWarning, stacklevel=_outside())


def _outside() -> int:
    """How many calls up the first line outside this package is, as `warnings.warn` counts them."""
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] == "anyvl":
        frame, level = frame.f_back, level + 1
    return max(1, level)


def as_list(value: T | Sequence[T], kind: type[T]) -> list[T]:
    """A value alone as a list of one."""
    return [value] if isinstance(value, kind) else list(value)  # type: ignore[arg-type]


def paired(image: Source | list[Source], words: str | list[str]) -> list[tuple[Source, str]]:
    """Pictures with their words; where one of the two is no list, it goes with each of the other."""
    images = image if isinstance(image, list) else [image] * (len(words) if isinstance(words, list) else 1)
    phrases = words if isinstance(words, list) else [words] * len(images)
    if len(images) != len(phrases):
        raise InputError(f"as many phrases as pictures are expected, got {len(phrases)} for {len(images)}")
    return list(zip(images, phrases, strict=True))


def up_to_picture(codec: Codec, kit: Kit) -> Automaton:
    """The grammar of what comes before a picture, up to and with its first mark."""
    return compile_grammar(Then(codec.grammar(kit), Token(kit.vocabulary.control("image"))), kit.vocabulary)


def at_least_one(count: int) -> int:
    """How many pictures of each prompt; InputError below one."""
    if count < 1:
        raise InputError(f"at least one picture is asked for, got {count}")
    return count


def seeds_of(seed: int | Sequence[int] | None, count: int) -> list[int]:
    """A seed a picture: counted up from the one given (or a random one), or those of a list."""
    if isinstance(seed, Sequence):
        if len(seed) != count:
            raise InputError(f"a list of seeds has one a picture: {count} are expected, got {len(seed)}")
        return list(seed)
    first = int(np.random.default_rng().integers(2**31)) if seed is None else seed
    return [first + i for i in range(count)]


def candidate_seed(seed: int, number: int) -> int:
    """The seed of a picture's candidate `number`; the first has the picture's own.

    >>> candidate_seed(7, 0), candidate_seed(7, 1) == candidate_seed(8, 1)
    (7, False)
    """
    if number == 0:
        return seed
    return int(np.random.SeedSequence((seed % 2**64, number)).generate_state(1, np.uint64)[0] >> 1)


def rule_of(task: Task, sampling: Sampling | None, guidance_scale: float | None) -> Sampling:
    """How a task's pictures are drawn: its own way, where the user said nothing else."""
    chosen = sampling or task.sampling
    return chosen if guidance_scale is None else dataclasses.replace(chosen, guidance_scale=guidance_scale)


def probabilities(result: Result) -> list[float]:
    """Of each id; 0 where a half-precision network gave no number."""
    return np.nan_to_num(np.exp(result.log_probabilities), nan=0.0).tolist()
