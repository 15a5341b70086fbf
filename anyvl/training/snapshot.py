"""A checkpoint to take away from a run that goes on: `python -m anyvl.training.snapshot RUN_FOLDER OUT [MIB]`.

Weights in bf16, in files of at most so many MiB (15 unless said), as it is the run's last export.
"""

import sys
from pathlib import Path

import torch

from anyvl.checkpoint import load_parts, save_parts

MIB = 2**20


def snapshot(run_folder: Path, out: Path, mib: int = 15) -> list[Path]:
    """Write the last export of a run, small enough to be carried; returns the files."""
    save_parts(load_parts(run_folder / "model"), out, torch.bfloat16, mib * MIB)
    return sorted(path for path in out.rglob("*") if path.is_file())


if __name__ == "__main__":
    for path in snapshot(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:])):
        print(f"{path.stat().st_size / MIB:6.2f} MiB  {path}")
