"""The default checkpoint's image tokenizer, first stage: small scenes (64 px), where most is learnt at two thirds of the cost."""

from anyvl.training.config import Keeping, Schedule, VQGANRun, WorldConfig


def config() -> VQGANRun:
    return VQGANRun(
        model={"num_codes": 4096, "stem": 4, "channels": (64, 128), "layers_per_block": 1, "cellwise": True},
        world=WorldConfig(grids=((8, 8), (6, 10), (10, 6)), lattice=1),
        schedule=Schedule(steps=1850, rate=1e-3, warmup=100, decay=0.9, weight_decay=1e-4),
        keeping=Keeping(log_every=50, state_every=250, sheet_every=500),
    )
