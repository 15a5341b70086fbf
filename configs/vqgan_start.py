"""The default checkpoint's image tokenizer, first stage: 64 px scenes, f8, 2,048 codes, from nothing."""

from anyvl.training.config import Keeping, Schedule, VQGANRun, WorldConfig


def config() -> VQGANRun:
    return VQGANRun(
        model={"num_codes": 2048, "stem": 4, "channels": (64, 128), "layers_per_block": 1},
        world=WorldConfig(grids=((8, 8), (6, 10), (10, 6))),
        schedule=Schedule(steps=4500, rate=1e-3, warmup=200, decay=0.9, weight_decay=1e-4),
        keeping=Keeping(log_every=50, state_every=500, sheet_every=1000),
    )
