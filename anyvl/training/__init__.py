"""Training: one loop, one file a network; `run` starts what a configuration file describes."""

import time
from pathlib import Path

from anyvl.errors import ConfigError
from anyvl.training.config import DecoderRun, Keeping, RefinerRun, Run, Schedule, VQGANRun, WorldConfig, load_run

__all__ = ["DecoderRun", "Keeping", "RefinerRun", "Run", "Schedule", "VQGANRun", "WorldConfig", "load_run", "run"]


def run(
    config: str | Path,
    *,
    run_folder: str | Path | None = None,
    settings: tuple[str, ...] = (),
    max_seconds: float | None = None,
) -> bool:
    """Train what `config()` in a Python file describes; go on if the run folder (runs/NAME by default) holds a state.

    settings change single fields, such as "schedule.steps=100". Returns whether the run is at its end: False where the time was
    up before. ConfigError for a configuration that cannot be run; nothing is written then.
    """
    deadline = None if max_seconds is None else time.monotonic() + max_seconds
    chosen = load_run(config, settings)
    folder = Path("runs") / Path(config).stem if run_folder is None else Path(run_folder)
    if not isinstance(chosen, VQGANRun) and not Path(chosen.image_tokenizer).expanduser().is_dir():
        what = "decoder" if isinstance(chosen, DecoderRun) else "refiner"
        raise ConfigError(
            f"a {what} is trained on the codes of an image tokenizer, but there is no folder {chosen.image_tokenizer}: "
            "train one first (configs/vqgan_default.py), or give another by --set image_tokenizer=FOLDER"
        )
    if isinstance(chosen, VQGANRun):
        from anyvl.training.train_vqgan import train_vqgan

        return train_vqgan(chosen, folder, deadline) == chosen.schedule.steps
    if isinstance(chosen, RefinerRun):
        from anyvl.training.train_refiner import train_refiner

        return train_refiner(chosen, folder, deadline) == chosen.schedule.steps
    from anyvl.training.train_decoder import train_decoder

    return train_decoder(chosen, folder, deadline) == chosen.schedule.steps
