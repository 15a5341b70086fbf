"""All drawings of a repertoire in one file, for machines that have no drawing packages.

`python -m anyvl.data.scenes.packed basic FILE` writes it; a file named by $ANYVL_SPRITES is read instead of drawing.
"""

import os
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8

from anyvl.errors import MissingDataError
from anyvl.model.checkpoint import load_tensors, save_tensors


def read_packed(wanted: Sequence[tuple[str, str]]) -> UInt8[np.ndarray, "drawing side side 5"] | None:
    """The drawings of things (name, style) in the packed file; None where no file is named; an error where one is missing."""
    place = os.environ.get("ANYVL_SPRITES")
    if not place:
        return None
    remedy = "python -m anyvl.data.scenes.packed REPERTOIRE FILE makes it"
    if not Path(place).is_file():
        raise MissingDataError("packed sprites", place, remedy)
    packed = load_tensors(Path(place))
    for name, style in wanted:
        if _key(name, style) not in packed:
            raise MissingDataError(f"the drawing of a {name} in style {style}", place, remedy)
    drawings = [zlib.decompress(packed[_key(*key)].numpy().tobytes()) for key in wanted]
    flat = np.stack([np.frombuffer(drawing, np.uint8) for drawing in drawings])
    side = round((flat.shape[1] // 5) ** 0.5)
    return flat.reshape(len(drawings), side, side, 5)


def _key(name: str, style: str) -> str:
    return f"{style}/{name}"


def main(name: str, file: str) -> None:
    from anyvl.data.scenes.catalogue import KINDS
    from anyvl.data.scenes.repertoire import find_repertoire
    from anyvl.data.scenes.sprites import master_of

    repertoire = find_repertoire(name)
    styles = (*repertoire.styles, repertoire.unseen_style)
    wanted = [(kind, style) for style in styles for kind in repertoire.kinds_in(style)]
    packed = {
        _key(KINDS[kind].name, style): torch.frombuffer(
            bytearray(zlib.compress(master_of(KINDS[kind], style).tobytes(), 9)), dtype=torch.uint8
        )
        for kind, style in wanted
    }
    save_tensors(packed, Path(file))
    print(f"{len(packed)} drawings, {Path(file).stat().st_size / 2**20:.1f} MiB in {file}")


if __name__ == "__main__":
    main(*sys.argv[1:])
