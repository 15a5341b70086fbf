"""One step against the time it takes to read the weights once, and what is spent beside the network."""

import dataclasses
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F

from anyvl.bench.subjects import VOCABULARY, Subject, picture_requests, random_decoder
from anyvl.bench.timing import Figure, median_seconds, plain, ratio, seconds
from anyvl.generation import DecoderStepper, generate
from anyvl.model.decoder import Decoder
from anyvl.model.kv_cache import KVCache
from anyvl.model.packed_linear import packed

_SPAN = (VOCABULARY.image.start, VOCABULARY.image.stop)


def bandwidths() -> dict[str, float]:
    """What memory gives, in GB/s: a copy (read and written bytes), and products of one row with weights past any cache."""
    source = torch.randn(64 << 20)
    target = torch.empty_like(source)
    found = {"copy": 2 * source.nbytes / median_seconds(lambda: target.copy_(source), 9) / 1e9}
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        weights = [torch.randn(4096, 1024).to(dtype) for _ in range(24)]
        products, row = [packed(weight) for weight in weights], torch.randn(1, 1024).to(dtype)
        size = sum(weight.nbytes for weight in weights)
        found[f"packed product, {name}"] = (
            size / median_seconds(lambda p=products, x=row: [one(x) for one in p], 9) / 1e9  # type: ignore[misc]
        )
        found[f"plain product, {name}"] = (
            size / median_seconds(lambda w=weights, x=row: [F.linear(x, one) for one in w], 9) / 1e9  # type: ignore[misc]
        )
    return found


def steps(rounds: int) -> list[Figure]:
    """The step of 31 M and 94 M weights at batch 1 and 2 (guidance), 150 ids behind it, as a share of the limit."""
    speeds = bandwidths()
    figures = [plain(f"memory bandwidth, {name}", value, "GB/s") for name, value in speeds.items()]
    for size in ("31M", "94M"):
        for dtype, name, int8 in (
            (torch.float32, "fp32", False),
            (torch.bfloat16, "bf16", False),
            (torch.bfloat16, "int8", True),
        ):
            decoder = random_decoder(size, dtype)
            stepper = DecoderStepper(decoder, int8=int8)
            size_read = bytes_read(decoder, int8)
            for batch in (1, 2):
                time = median_seconds(one_step(stepper, batch), 10 * rounds)
                for against in ("copy", "packed product, bf16" if dtype == torch.bfloat16 else "packed product, fp32"):
                    limit = size_read / speeds[against] / 1e9
                    figures.append(
                        plain(
                            f"step of {size}, {name}, batch {batch}: share of the weights-read-once limit by {against}",
                            100 * limit / time,
                            "%",
                            f"{1000 * time:.3g} ms, limit {1000 * limit:.3g} ms",
                        )
                    )
    return figures


def bytes_read(decoder: Decoder, int8: bool = False) -> int:
    """What a step of a picture reads: every matrix, and of the embedding the codes' rows, which are the head."""
    numbers = sum(weight.numel() for weight in decoder.parameters()) - decoder.head.numel()
    numbers += (_SPAN[1] - _SPAN[0]) * decoder.config.hidden_size
    return numbers * (1 if int8 else decoder.head.element_size())


def one_step(stepper: DecoderStepper, batch: int) -> Callable[[], None]:
    """A step of so many rows behind 150 ids, to be taken again and again."""
    device, behind = stepper.device, 150
    cache = stepper.new_cache(batch, 300)
    one = torch.ones(batch, dtype=torch.int64, device=device)
    stepper.extend(torch.ones(batch, behind, dtype=torch.int64, device=device), behind * one, cache)

    def work() -> None:
        stepper.extend(one[:, None], one, cache, span=_SPAN)
        stepper.rewind(cache, one, behind)

    return work


def overhead(rounds: int) -> list[Figure]:
    """Grammar, masks, draws and bookkeeping of a whole picture, as a share of its time."""
    figures = []
    for dtype, name in ((torch.float32, "fp32"), (torch.bfloat16, "bf16")):
        stepper = DecoderStepper(random_decoder("94M", dtype))
        network, spent = stepper.extend, [0.0]

        def timed(*inputs, network=network, spent=spent, **named):  # type: ignore[no-untyped-def]
            found = []
            spent[0] += seconds(lambda: found.append(network(*inputs, **named)))
            return found[0]

        stepper.extend = timed  # type: ignore[method-assign]
        requests, shares = picture_requests(1, Subject()), []
        for _ in range(rounds):
            spent[0] = 0.0
            whole = seconds(lambda: generate(stepper, requests, window=1))  # noqa: B023
            shares.append(100 * (1 - spent[0] / whole))
        shares.sort()
        figures.append(
            Figure(
                name=f"94M, {name}, guidance: grammar, masks, draws and the loop, share of a picture's time",
                value=shares[len(shares) // 2], unit="%", low=shares[0], high=shares[-1],
            )
        )  # fmt: skip
    return figures


def batches(rounds: int) -> list[Figure]:
    """Codes a second of 31 M weights in bf16 with guidance: so many pictures at once against one, and the memory they take."""
    stepper = DecoderStepper(random_decoder("31M", torch.bfloat16))
    alone = partial(generate, stepper, picture_requests(1, Subject()), window=1)
    figures = []
    for count in (4, 16):
        found = ratio(
            f"31M, bf16, guidance, {count} pictures at once: codes a second over one",
            partial(generate, stepper, picture_requests(count, Subject()), window=1),
            alone,
            rounds,
            f"keys and values of {2 * count} rows of 300 ids {_held(stepper, 2 * count, 300):.1f} MiB",
        )
        figures.append(
            dataclasses.replace(found, value=count * found.value, low=count * found.low, high=count * found.high)
        )
    weights = sum(weight.nbytes for weight in stepper.decoder.parameters()) / 2**20
    return [*figures, plain("31M, bf16: weights, which are kept twice", 2 * weights, "MiB")]


def _held(stepper: DecoderStepper, rows: int, length: int) -> float:
    """MiB of the cache of so many rows."""
    return KVCache(stepper.decoder.config, rows, length, dtype=stepper.dtype).keys_values.nbytes / 2**20
