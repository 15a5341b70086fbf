"""One picture of 256 codes with guidance, against transformers on the same weights."""

from functools import partial

import torch

from anyvl.bench import transformers_peer as peer
from anyvl.bench.subjects import Subject, picture_requests, random_decoder
from anyvl.bench.timing import Figure, ratio
from anyvl.bench.windows import painted_requests
from anyvl.generation import DecoderStepper, generate
from anyvl.pipeline import AnyVL

_LOOPS: dict[str, dict[str, bool]] = {
    "Janus-shaped loop": {},
    "loop with a static cache": {"static": True},
    "loop, static cache and torch.compile": {"static": True, "compiled": True},
}
_NAMES = {torch.float32: "fp32", torch.bfloat16: "bf16"}


def decoding(rounds: int) -> list[Figure]:
    """Random weights of 31 M and 94 M, one code at a time on both sides; and the default checkpoint as it is used.

    (At the start of training the logits hardly depend on what was drawn, so parallel decoding would look better than it is.)
    """
    figures = []
    for size in ("31M", "94M"):
        ours, theirs = {}, {}
        for dtype, name in _NAMES.items():
            decoder = random_decoder(size, dtype)
            ours[name], theirs[name] = DecoderStepper(decoder), peer.as_qwen3(decoder)
        ours["int8"] = DecoderStepper(ours["bf16"].decoder, int8=True)
        asked = picture_requests(1, Subject())
        figures += [
            ratio(
                f"{size}, {own} against transformers generate(guidance_scale=), {other}",
                partial(generate, ours[own], asked, window=1),
                peer.as_called(theirs[other], Subject()),
                rounds,
            )
            for own, other in (("fp32", "fp32"), ("bf16", "bf16"), ("bf16", "fp32"), ("int8", "fp32"))
        ]
        figures += [
            ratio(
                f"{size}, {name} against transformers' {loop}",
                partial(generate, ours[name], asked, window=1),
                peer.stacked_loop(theirs[name], Subject(), **settings),
                rounds,
            )
            for name in _NAMES.values()
            for loop, settings in _LOOPS.items()
        ]
    name = "31M, fp32 against sampling without a cache (taming-transformers' scheme)"
    stepper = DecoderStepper(random_decoder("31M", torch.float32))
    without = peer.without_cache(peer.as_qwen3(stepper.decoder), Subject())
    return [*figures, ratio(name, partial(generate, stepper, asked, window=1), without, 2), *trained(rounds)]


def trained(rounds: int) -> list[Figure]:
    """The default checkpoint paints ten captions, parallel decoding on; transformers the first of them, ten times."""
    model = AnyVL.from_pretrained(device="cpu")
    asked = painted_requests(model, 10)
    grid = model.kit.grids[0]
    span = model.kit.vocabulary.image
    subject = Subject(
        own=asked[0].prefix, unconditional=asked[0].unconditional or (), codes=grid[0] * grid[1],
        first=span.start, stop=span.stop, sampling=asked[0].sampling,
    )  # fmt: skip
    decoder = model.parts.decoder
    pairs = {
        "generate(guidance_scale=), fp32": peer.as_called(peer.as_qwen3(decoder), subject),
        "Janus-shaped loop, fp32": peer.stacked_loop(peer.as_qwen3(decoder), subject),
    }
    return [
        ratio(
            f"default, fp32, ten pictures against transformers' {name}",
            lambda: [generate(model.stepper, [request]) for request in asked],
            lambda paint=paint: [paint() for _ in asked],  # type: ignore[misc]
            max(2, rounds // 2),
        )
        for name, paint in pairs.items()
    ]
