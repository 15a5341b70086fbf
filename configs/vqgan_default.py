"""The default checkpoint's image tokenizer, second stage: 80 px scenes, 8 × 8 px a code, 4,096 codes, each of its cell alone."""

from anyvl.training.config import Keeping, Schedule, VQGANRun, WorldConfig


def config() -> VQGANRun:
    return VQGANRun(
        model={"num_codes": 4096, "stem": 4, "channels": (64, 128), "layers_per_block": 1, "cellwise": True},
        world=WorldConfig(lattice=1),  # codes for things anywhere, not only where the decoder's training puts them
        start="runs/vqgan_start/model/image_tokenizer",
        schedule=Schedule(steps=1400, rate=8e-4, warmup=50, decay=1.0, weight_decay=1e-4),
        keeping=Keeping(log_every=50, state_every=200, sheet_every=400),
        seed=1,
    )
