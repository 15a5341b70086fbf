"""Training: one loop, one file a network; `run` starts what a configuration file describes."""

import dataclasses
import json
import sys
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
) -> int:
    """Train what `config()` in a Python file describes; go on if the run folder (runs/NAME by default) holds a state.

    settings change single fields, such as "schedule.steps=100". Returns the number of steps done. ConfigError for a
    configuration that cannot be run; nothing is written then.
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
    _record(chosen, folder)
    if isinstance(chosen, VQGANRun):
        from anyvl.training.train_vqgan import train_vqgan

        return train_vqgan(chosen, folder, deadline)
    if isinstance(chosen, RefinerRun):
        from anyvl.training.train_refiner import train_refiner

        return train_refiner(chosen, folder, deadline)
    from anyvl.training.train_decoder import train_decoder

    return train_decoder(chosen, folder, deadline)


def _record(chosen: Run, folder: Path) -> None:
    """Write down what the run folder is a run of; say what differs where it already holds another run's state."""
    from anyvl.model.checkpoint import load_json, save_json

    file, fields = folder / "run.json", json.loads(json.dumps(dataclasses.asdict(chosen)))
    if file.exists():
        old = load_json(file)
        changed = sorted(name for name in {*old, *fields} if old.get(name) != fields.get(name))
        if changed:
            print(f"going on with other settings than before: {', '.join(changed)}", file=sys.stderr)
    save_json(fields, file)
