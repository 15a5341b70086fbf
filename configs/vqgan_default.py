"""The default checkpoint's image tokenizer: scenes of about 128 px, 8 × 8 px a code, 4,096 codes, each of its cell alone."""

from anyvl.training.config import Keeping, Schedule, VQGANRun


def config() -> VQGANRun:
    return VQGANRun(
        model={"num_codes": 4096, "stem": 4, "channels": (64, 128), "layers_per_block": 1, "cellwise": True},
        schedule=Schedule(steps=10_000, rate=1e-3, warmup=100, decay=0.6, weight_decay=1e-4),
        keeping=Keeping(log_every=50, state_every=500, sheet_every=1000),
    )
