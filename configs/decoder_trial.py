"""A small decoder behind the default's image tokenizer: minutes on two cores, to try a mixture, a loss or a task of one's own.

It learns what answers look like, hardly to paint. What `docs/experiments.md` says of mixtures was measured with it.
"""

import dataclasses
import runpy
from pathlib import Path

from anyvl.training.config import DecoderRun, Keeping, Schedule


def config() -> DecoderRun:
    default: DecoderRun = runpy.run_path(str(Path(__file__).with_name("decoder_default.py")))["config"]()
    return dataclasses.replace(
        default,
        image_tokenizer="anyvl/checkpoints/default/image_tokenizer",
        model={
            "hidden_size": 256,
            "intermediate_size": 704,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 4,
            "head_dim": 64,
            "max_position_embeddings": 1024,
        },
        schedule=Schedule(steps=200, rate=1.5e-3, matrix_rate=0.015, warmup=40, decay=0.55, final=0.02, average=0.98),
        scenes=3_000,
        fresh=8,
        workers=0,
        sequences=32,
        questions=4,
        length=480,
        compile=False,
        keeping=Keeping(log_every=25, state_every=100, sheet_every=200),
    )
