"""The default decoder's first stretch: as `decoder_default.py`, but pictures of half the height.

What things look like and are called can be learnt there too, and a picture has half as many codes.
"""

import dataclasses
import runpy
from pathlib import Path

from anyvl.training.config import DecoderRun, WorldConfig


def config() -> DecoderRun:
    whole: DecoderRun = runpy.run_path(str(Path(__file__).with_name("decoder_default.py")))["config"]()
    return dataclasses.replace(
        whole,
        start=None,
        world=WorldConfig(grids=((8, 16), (6, 16), (10, 16))),
        schedule=dataclasses.replace(whole.schedule, steps=12_000, decay=0.0),
    )
