"""The default checkpoint's image tokenizer, second stage: 80 px scenes, f8, 4,096 codes, from the weights of the first."""

from anyvl.training.config import Keeping, Schedule, VQGANRun


def config() -> VQGANRun:
    return VQGANRun(
        model={"num_codes": 4096, "stem": 4, "channels": (64, 128), "layers_per_block": 1},
        start="~/anyvl-runs/vqgan-64/image_tokenizer",
        schedule=Schedule(steps=1800, rate=8e-4, warmup=50, decay=0.9, weight_decay=1e-4),
        keeping=Keeping(log_every=50, state_every=250, sheet_every=500),
        seed=1,
    )
