"""What a GPU gives: large random weights against transformers, the step against memory, many pictures at once."""

from collections.abc import Callable
from functools import partial

import torch

from anyvl.bench import transformers_peer as peer
from anyvl.bench.steps import bytes_read, one_step
from anyvl.bench.subjects import Subject, picture_requests, random_decoder
from anyvl.bench.timing import Figure, median_seconds, plain, ratio
from anyvl.errors import ConfigError
from anyvl.generation import DecoderStepper, generate


def gpu(rounds: int) -> list[Figure]:
    """0.6 B and 1.5 B weights in bf16, pictures of 576 codes with guidance; ConfigError where there is no CUDA device."""
    if not torch.cuda.is_available():
        raise ConfigError("the bench gpu needs a CUDA device, and there is none here: leave it out")
    return on(torch.device("cuda"), ("0.6B", "1.5B"), codes=576, rounds=rounds, dtype=torch.bfloat16)


def on(device: torch.device, sizes: tuple[str, ...], *, codes: int, rounds: int, dtype: torch.dtype) -> list[Figure]:
    """The same figures on any device, for networks of these sizes."""
    figures = []
    for size in sizes:
        decoder = random_decoder(size, dtype, str(device))
        stepper, subject = DecoderStepper(decoder), Subject(codes=codes)
        ours = partial(_waiting, partial(generate, stepper, picture_requests(1, subject), window=1), device)
        theirs = partial(_waiting, peer.as_called(peer.as_qwen3(decoder), subject), device)
        alone = median_seconds(ours, rounds)
        speed = _bandwidth(device)
        time = median_seconds(partial(_waiting, one_step(stepper, 2), device), 10 * rounds)
        at_once = partial(_waiting, partial(generate, stepper, picture_requests(16, subject), window=1), device)
        many = median_seconds(at_once, rounds)
        figures += [
            ratio(
                f"{size}, {codes} codes, guidance against transformers generate(guidance_scale=)", ours, theirs, rounds
            ),
            plain(f"{size}: one picture of {codes} codes", 1000 * alone, "ms"),
            plain(f"{size}: one step of both branches", 1000 * time, "ms"),
            plain("memory bandwidth, copy", speed / 1e9, "GB/s"),
            plain(f"{size}: share of the weights-read-once limit", 100 * bytes_read(decoder) / speed / time, "%"),
            plain(f"{size}: codes a second of 16 pictures at once over one", 16 * alone / many, "x"),
        ]
    return figures


def _waiting(work: Callable[[], object], device: torch.device) -> None:
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()


def _bandwidth(device: torch.device) -> float:
    source = torch.randn(64 << 20, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / median_seconds(partial(_waiting, partial(target.copy_, source), device), 9)
