"""The image tokenizer of a larger checkpoint, for one GPU: 256 px, 16 × 16 px a code, all things of the catalogue."""

from anyvl.training.config import Keeping, Schedule, VQGANRun, WorldConfig


def config() -> VQGANRun:
    return VQGANRun(
        model={"num_codes": 8192, "stem": 4, "channels": (96, 192, 256), "layers_per_block": 1, "cellwise": True},
        world=WorldConfig(repertoire="full", factor=16, lattice=16),
        batch=64,
        schedule=Schedule(steps=12_000, rate=1e-3, warmup=200, decay=0.6, weight_decay=1e-4),
        keeping=Keeping(log_every=50, state_every=1000, sheet_every=2000),
    )
