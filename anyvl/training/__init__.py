"""Training: one loop, one file a network; `run` starts what a configuration file describes."""

from pathlib import Path

from anyvl.training.config import DecoderRun, Keeping, Run, Schedule, VQGANRun, WorldConfig, load_run

__all__ = ["DecoderRun", "Keeping", "Run", "Schedule", "VQGANRun", "WorldConfig", "load_run", "run"]


def run(path: str | Path, folder: str | Path, *, settings: tuple[str, ...] = (), max_seconds: float | None = None) -> int:
    """Train what `config()` in a Python file describes, in a run folder; go on if the folder holds a state. Returns the steps."""
    chosen = load_run(path, settings)
    if isinstance(chosen, VQGANRun):
        from anyvl.training.train_vqgan import train_vqgan

        return train_vqgan(chosen, Path(folder), max_seconds)
    from anyvl.training.train_decoder import train_decoder

    return train_decoder(chosen, Path(folder), max_seconds)
