"""The decoder of a larger checkpoint, for one GPU: the default's tasks over some 560 things in three styles, at 256 px."""

import dataclasses
import runpy
from pathlib import Path

from anyvl.training.config import DecoderRun, Keeping, Schedule, WorldConfig


def config() -> DecoderRun:
    default = runpy.run_path(str(Path(__file__).parent / "decoder_default.py"))["config"]()
    return dataclasses.replace(
        default,
        num_text=2048,
        image_tokenizer="runs/vqgan_gpu/model/image_tokenizer",
        world=WorldConfig(repertoire="full", factor=16, lattice=16),
        model={
            **default.model,
            "hidden_size": 576,
            "intermediate_size": 1536,
            "num_hidden_layers": 12,
            "num_attention_heads": 9,
            "num_key_value_heads": 9,
        },
        schedule=Schedule(steps=40_000, rate=1e-3, matrix_rate=0.01, warmup=200, decay=0.3, final=0.02, average=0.999),
        scenes=30_000,
        fresh=64,
        stripes=14,
        workers=14,
        row=1024,
        sequences=512,
        keeping=Keeping(log_every=25, state_every=500, sheet_every=2000),
    )
