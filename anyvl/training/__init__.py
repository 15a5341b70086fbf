"""Training: one loop, one file a network; `run` starts what a configuration file describes."""

from pathlib import Path

from anyvl.training.config import DecoderRun, Keeping, Run, Schedule, VQGANRun, WorldConfig, load_run

__all__ = ["DecoderRun", "Keeping", "Run", "Schedule", "VQGANRun", "WorldConfig", "load_run", "run"]


def run(
    config: str | Path,
    *,
    run_folder: str | Path | None = None,
    settings: tuple[str, ...] = (),
    max_seconds: float | None = None,
) -> int:
    """Train what `config()` in a Python file describes; go on if the run folder (runs/NAME by default) holds a state.

    settings change single fields, such as "schedule.steps=100". Returns the number of steps done.
    """
    chosen = load_run(config, settings)
    folder = Path("runs") / Path(config).stem if run_folder is None else Path(run_folder)
    if isinstance(chosen, VQGANRun):
        from anyvl.training.train_vqgan import train_vqgan

        return train_vqgan(chosen, folder, max_seconds)
    from anyvl.training.train_decoder import train_decoder

    return train_decoder(chosen, folder, max_seconds)
