"""Training: useful ids a second of our loop against transformers' Trainer, on the same sequences with the same network."""

import itertools
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from anyvl.bench.timing import Figure, plain
from anyvl.bench.transformers_peer import as_qwen3
from anyvl.checkpoint import load_parts
from anyvl.data.examples import make_sequence, sample_task
from anyvl.data.mixture import count_ids, side_by_side
from anyvl.data.scenes.corpus import Corpus
from anyvl.data.scenes.world import World
from anyvl.model.decoder import Decoder, DecoderConfig
from anyvl.sequence import TokenSequence, TokenTree
from anyvl.tasks import TASKS
from anyvl.training.config import Keeping, Schedule
from anyvl.training.gauge import peak_products
from anyvl.training.loop import Job, native_precision, train
from anyvl.training.losses import next_id_loss
from anyvl.training.optimizer import decoder_optimizers

_BATCH = 48
_LENGTH = 480
_STEPS = 12
_COUNTED = 8
"""Steps at the end of each run whose median counts: the first ones warm up, or compile."""


def learning(rounds: int) -> list[Figure]:
    """The default's network and mixture of tasks: ids a second, A B A B with a fresh network each time."""
    parts = load_parts()
    config = parts.decoder.config
    world = World.of(parts)
    sequences = _sequences(parts, world, _BATCH * 4)
    ids = statistics.mean(len(sequence) for sequence in sequences) * _BATCH
    figures = []
    best = {"bf16": native_precision() == "bf16", "torch_compile": True}
    kind = "bf16" if best["bf16"] else "fp32"
    trainers: list[tuple[str, dict[str, Any], bool]] = [
        ("its default (fp32, padded)", {}, False),
        (f"its best (packed, {kind}, torch.compile)", best, True),
    ]
    for name, settings, packed in trainers:
        pairs = []
        for _ in range(max(2, rounds // 2)):
            ours = ids / _our_step(config, parts.kit.vocabulary, sequences)
            theirs = ids / _their_step(config, sequences, settings, packed)
            pairs.append((ours, theirs))
        ratios = sorted(our / their for our, their in pairs)
        our, their = (statistics.median(column) for column in zip(*pairs, strict=True))
        figures.append(
            Figure(
                name=f"training, default network, {kind}, compiled: against transformers' Trainer, {name}",
                value=statistics.median(ratios), unit="x", low=ratios[0], high=ratios[-1],
                note=f"{our:.0f} against {their:.0f} ids/s",
            )
        )  # fmt: skip
    flops = 6 * sum(weight.numel() for weight in parts.decoder.parameters()) * our
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    peak = peak_products(device, torch.bfloat16 if best["bf16"] else torch.float32)
    figures.append(plain("training: share of what a product of large matrices reaches (MFU)", 100 * flops / peak, "%"))
    return figures


def _sequences(parts: Any, world: World, count: int) -> list[TokenSequence]:
    corpus = Corpus(world, parts.tokenizer)
    dice = np.random.default_rng(0)
    weights = dict.fromkeys((task.name for task in TASKS), 1.0)
    return [
        make_sequence(
            sample_task(weights, dice), corpus, int(dice.integers(64)), parts.kit, dice,
            input_weight=0.3, length_power=0.5, drop=0.1,
        )
        for _ in range(count)
    ]  # fmt: skip


def _our_step(config: DecoderConfig, vocabulary: Any, sequences: list[TokenSequence]) -> float:
    """Seconds a step of our loop takes, its batches made as it goes."""
    _start_anew()
    decoder = Decoder(config)
    decoder.hidden = torch.compile(decoder.hidden, dynamic=True)  # type: ignore[method-assign]
    schedule = Schedule(steps=_STEPS, rate=1e-3)
    precision = native_precision()
    modalities = torch.from_numpy(np.asarray(vocabulary.modalities()).astype(np.int64))
    equal = dict.fromkeys(("text", "control", "coordinate", "image"), 1.0)
    ends: list[float] = []

    def batch(step: int, rank: int) -> Mapping[str, Tensor]:
        start = step * _BATCH % len(sequences)
        trees = [TokenTree.of([sequence]) for sequence in sequences[start : start + _BATCH]]
        return side_by_side(trees, pad_id=0)

    job: Job[Decoder] = Job(
        batch=batch,
        loss=lambda model, batch, step: next_id_loss(model, batch, modalities, equal),
        optimizers=decoder_optimizers(decoder, schedule, torch.bfloat16 if precision == "bf16" else torch.float32),
        export=lambda model, folder: None,
        sheet=lambda model, path: None,
        units=count_ids,
        after=lambda model, batch, step: ends.append(time.perf_counter()),
    )
    with tempfile.TemporaryDirectory() as folder:
        train(
            decoder, job, Path(folder), schedule=schedule, precision=precision,
            keeping=Keeping(log_every=1000, state_every=1000, sheet_every=1000),
        )  # fmt: skip
    return _median_gap(ends)


def _their_step(
    config: DecoderConfig, sequences: list[TokenSequence], settings: Mapping[str, Any], packed: bool
) -> float:
    """Seconds a step of the Trainer takes on the same sequences: padded to the longest, or laid behind one another."""
    from transformers import Trainer, TrainerCallback, TrainingArguments

    _start_anew()
    model = as_qwen3(Decoder(config)).train()
    ends: list[float] = []

    class Clock(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            ends.append(time.perf_counter())

    def collate(members: list[dict[str, Any]]) -> dict[str, Tensor]:
        rows = [torch.tensor(member["input_ids"]) for member in members]
        if packed:
            whole = torch.cat(rows)
            ids = torch.cat((whole, whole.new_zeros(-len(whole) % _LENGTH))).view(-1, _LENGTH)
            return {"input_ids": ids, "labels": ids.clone()}
        ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        seen = torch.nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
        return {"input_ids": ids, "attention_mask": seen, "labels": ids.where(seen.bool(), -100)}

    data = [{"input_ids": sequence.ids.tolist()} for sequence in sequences] * (_STEPS * _BATCH // len(sequences) + 1)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, max_steps=_STEPS, per_device_train_batch_size=_BATCH, report_to=[], save_strategy="no",
            logging_strategy="no", disable_tqdm=True, use_cpu=not torch.cuda.is_available(), remove_unused_columns=False,
            **settings,
        )  # fmt: skip
        Trainer(model=model, args=arguments, train_dataset=data, data_collator=collate, callbacks=[Clock()]).train()
    return _median_gap(ends)


def _start_anew() -> None:
    """Forget the seed, what was compiled, and the precision of the run before."""
    from accelerate.state import AcceleratorState

    torch.manual_seed(0)
    torch._dynamo.reset()
    AcceleratorState._reset_state(reset_partial_state=True)


def _median_gap(ends: list[float]) -> float:
    gaps = [later - earlier for earlier, later in itertools.pairwise(ends)]
    return statistics.median(gaps[-_COUNTED:])
