"""One picture of 256 codes with guidance, against transformers on the same weights."""

import torch

from anyvl.bench import transformers_peer as peer
from anyvl.bench.subjects import picture_requests, random_decoder
from anyvl.bench.timing import Figure, ratio
from anyvl.generation import DecoderStepper, generate

_NAMES = {torch.float32: "fp32", torch.bfloat16: "bf16"}


def decoding(rounds: int) -> list[Figure]:
    """Random weights of 31 M and 94 M, both branches of guidance, batch 1, one code at a time on both sides.

    (At the start of training the logits hardly depend on what was drawn, so parallel decoding would look better than it is.)
    """
    figures = []
    for size in ("31M", "94M"):
        steppers, models = {}, {}
        for dtype in _NAMES:
            decoder = random_decoder(size, dtype)
            steppers[dtype], models[dtype] = DecoderStepper(decoder), peer.as_qwen3(decoder)
        pairs = [(torch.float32, torch.float32), (torch.bfloat16, torch.bfloat16), (torch.bfloat16, torch.float32)]
        for ours, theirs in pairs:
            name = f"{size}, {_NAMES[ours]} against transformers generate(guidance_scale=), {_NAMES[theirs]}"
            figures.append(ratio(name, _ours(steppers[ours]), peer.as_called(models[theirs]), rounds))
        for dtype in _NAMES:
            own, model = _ours(steppers[dtype]), models[dtype]
            name = f"{size}, {_NAMES[dtype]} against transformers'"
            figures += [
                ratio(f"{name} Janus-shaped loop", own, peer.stacked_loop(model), rounds),
                ratio(f"{name} loop with a static cache", own, peer.stacked_loop(model, static=True), rounds),
                ratio(
                    f"{name} loop, static cache and torch.compile", own,
                    peer.stacked_loop(model, static=True, compiled=True), rounds,
                ),
            ]  # fmt: skip
        if size == "31M":
            name = f"{size}, fp32 against sampling without a cache (taming-transformers' scheme)"
            figures.append(
                ratio(name, _ours(steppers[torch.float32]), peer.without_cache(models[torch.float32]), min(rounds, 2))
            )
    return figures


def _ours(stepper: DecoderStepper):  # type: ignore[no-untyped-def]
    requests = picture_requests(1)
    return lambda: generate(stepper, requests, window=1)
