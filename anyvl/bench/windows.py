"""Fewer forwards: parallel decoding and edits on a trained checkpoint, where guesses can be right."""

import dataclasses
import statistics
from collections.abc import Callable

import numpy as np
import torch

from anyvl.bench.subjects import Subject, picture_requests, random_decoder
from anyvl.bench.timing import Figure, plain, ratio, seconds
from anyvl.codecs import Picture
from anyvl.data.scenes.words import caption_of
from anyvl.data.scenes.world import World
from anyvl.generation import DecoderStepper, Request, generate
from anyvl.pipeline import AnyVL
from anyvl.tasks import find_task
from anyvl.tasks.translate import answer_grammar, prompt_ids
from anyvl.values import Frame


def painted_requests(model: AnyVL, count: int) -> list[Request]:
    """Pictures of scenes of the test split by their captions, as `AnyVL.generate` asks for them."""
    kit = dataclasses.replace(model.kit, grids=model.kit.grids[:1])
    task, grammar, frame = find_task("text_to_image"), answer_grammar(Picture(), kit), Frame(height=1, width=1)
    world = dataclasses.replace(World.of(model.parts, "test"), grids=kit.grids)
    said = [caption_of(world.scene(number), world.rng(number, "caption"), full=True).words for number in range(count)]
    return [
        Request(
            prefix=tuple(prompt_ids(task, kit, frame, prompt=said[number])),
            unconditional=tuple(prompt_ids(task, kit, frame)),
            grammar=grammar,
            budget=grammar.shortest,
            seed=number,
            sampling=task.sampling,
        )
        for number in range(count)
    ]


def parallel(rounds: int) -> list[Figure]:
    """The default checkpoint: several places in one forward against one at a time, on 20 pictures a round."""
    figures = []
    for dtype in ("float32", "bfloat16", "int8"):
        model, count = AnyVL.from_pretrained(device="cpu", dtype=dtype), 20 * rounds
        stepper, requests = model.stepper, painted_requests(model, count)
        one_by_one = [generate(stepper, [request], window=1)[0] for request in requests]
        at_once = [generate(stepper, [request])[0] for request in requests]
        same = sum(a.ids == b.ids for a, b in zip(one_by_one, at_once, strict=True))
        forwards = [float(np.mean([r.forwards for r in results])) for results in (one_by_one, at_once)]
        name, note = f"default, {dtype}", f"{forwards[1]:.1f} instead of {forwards[0]:.1f}"
        figures += [
            plain(
                f"{name}: pictures with the codes of one-by-one decoding", 100 * same / count, "%", f"{same} of {count}"
            ),
            plain(f"{name}: forwards a picture, fewer", forwards[0] / forwards[1], "x", note),
            ratio(
                f"{name}: time of one-by-one decoding over parallel decoding",
                lambda stepper=stepper, few=requests[:10]: [generate(stepper, [one]) for one in few],  # type: ignore[misc]
                lambda stepper=stepper, few=requests[:10]: [generate(stepper, [one], window=1) for one in few],  # type: ignore[misc]
                min(rounds, 5),
                "10 pictures one after the other",
            ),
        ]
    return figures


def edits(rounds: int) -> list[Figure]:
    """Painting a fifth of a picture anew, as a share of painting the whole."""
    figures = []
    stepper = DecoderStepper(random_decoder("31M", torch.float32))
    whole, part = picture_requests(1, Subject()), picture_requests(1, Subject(), free=52)
    # What is edited is read first, as the prompt of an edit is.
    given = part[0].copy
    assert given is not None
    read = tuple(np.where(given >= 0, given, 0).tolist())
    part = [dataclasses.replace(part[0], prefix=(*read, *part[0].prefix), unconditional=(*read, 1))]
    figures.append(
        _share(
            "31M, fp32, 52 of 256 codes, one by one: an edit's time",
            lambda: generate(stepper, part, window=1),
            lambda: generate(stepper, whole, window=1),
            rounds,
        )
    )
    model = AnyVL.from_pretrained(device="cpu")
    words = "a red fox left of a palm tree"
    image = model.generate(words, seed=0).images[0]
    for window, name in ((1, "one by one"), (None, "parallel")):
        model.window = window
        figures.append(
            _share(
                f"default, `infill` of 20 of 256 codes, {name}: an edit's time",
                lambda: [model.infill(image, (8, 16, 40, 56), words, seed=seed) for seed in range(5)],
                lambda: [model.generate(words, seed=seed, candidates=1) for seed in range(5)],
                rounds,
            )
        )
    return figures


def _share(name: str, edit: Callable[[], object], anew: Callable[[], object], rounds: int) -> Figure:
    edit(), anew()
    times = [(seconds(edit), seconds(anew)) for _ in range(rounds)]
    shares = sorted(100 * part / whole for part, whole in times)
    note = "{:.4g} ms against {:.4g} ms".format(
        *(1000 * statistics.median(column) for column in zip(*times, strict=True))
    )
    return Figure(
        name=f"{name}, share of painting anew",
        value=shares[len(shares) // 2],
        unit="%",
        low=shares[0],
        high=shares[-1],
        note=note,
    )
