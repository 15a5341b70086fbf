"""A checkpoint to take away from a run that goes on: `python -m anyvl.training.snapshot RUN_FOLDER OUT`.

Weights in bf16 (or 8 bits), in files of at most so many MiB, as it is the run's last export.
"""

import argparse
import dataclasses
from pathlib import Path

import torch

from anyvl.checkpoint import load_parts, save_parts
from anyvl.errors import CheckpointError
from anyvl.model.image_tokenizer import SAME, VQGANTokenizer, load_image_tokenizer

MIB = 2**20


def snapshot(
    run_folder: Path,
    out: Path,
    mib: int = 15,
    tokenizer: Path | None = None,
    refiner: Path | None = None,
    int8: bool = False,
    candidates: int | None = None,
) -> list[Path]:
    """Write the last export of a run, small enough to be carried; returns the files.

    int8: the decoder's matrices in 8 bits (`anyvl.model.int8_storage`), half the size of bf16.
    tokenizer: folder of an image tokenizer that takes the place of the run's: one that was trained on with its codes kept, and
    paints them better. CheckpointError where its codes are others. refiner: folder of a pipeline that is the model's from now on.
    candidates: how many pictures it shall paint for each that it keeps (`Parts.candidates`).
    """
    parts = load_parts(run_folder / "model")
    if tokenizer is not None:
        better = load_image_tokenizer(tokenizer)
        _need_same_codes(parts.tokenizer, better, tokenizer)
        kit = dataclasses.replace(parts.kit, image=better)
        parts = dataclasses.replace(parts, tokenizer=better, kit=kit)
    if refiner is not None:
        parts = dataclasses.replace(parts, refiner=refiner)
    if candidates is not None:
        parts = dataclasses.replace(parts, candidates=candidates)
    save_parts(parts, out, torch.int8 if int8 else torch.bfloat16, mib * MIB)
    return sorted(path for path in out.rglob("*") if path.is_file())


def _need_same_codes(known: VQGANTokenizer, other: VQGANTokenizer, folder: Path) -> None:
    one, two = (tokenizer.model for tokenizer in (known, other))
    finders = ("encoder.", "quant_conv.", "quantize.codebook")
    weights = {name: weight for name, weight in two.state_dict().items() if name.startswith(finders)}
    mine = one.state_dict()
    if one.config != two.config or not all(torch.allclose(mine[n], w, atol=SAME) for n, w in weights.items()):
        raise CheckpointError(
            f"the image tokenizer {folder} has other codes than those the run has learnt: give one that was trained from the "
            "run's with keep_codes (configs/vqgan_sharp.py)"
        )


def main() -> None:
    reader = argparse.ArgumentParser(prog="python -m anyvl.training.snapshot", description=__doc__.partition("\n")[0])
    reader.add_argument("run_folder", type=Path)
    reader.add_argument("out", type=Path)
    reader.add_argument("--mib", type=int, default=15, help="the most MiB of a file of the decoder's")
    reader.add_argument("--tokenizer", type=Path, help="an image tokenizer with the same codes that paints them better")
    reader.add_argument("--refiner", type=Path, help="a refiner that is to be the model's")
    reader.add_argument("--int8", action="store_true", help="the decoder's matrices in 8 bits")
    reader.add_argument("--candidates", type=int, help="pictures it shall paint for each that it keeps")
    for path in snapshot(**vars(reader.parse_args())):
        print(f"{path.stat().st_size / MIB:6.2f} MiB  {path}")


if __name__ == "__main__":
    main()
