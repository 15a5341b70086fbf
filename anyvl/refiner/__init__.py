"""The refiner: from a small picture to high-resolution pixels, the only door to a pipeline of diffusers.

`pipeline.py` is ours, around the network of `network.py`, small and trained on drawn scenes; `foreign.py` uses any other by the
common arguments of its call; `tiles.py` lets the network see a large picture a tile at a time; `loading.py` reads either from a
folder.
"""

from anyvl.refiner.enlarging import enlarged
from anyvl.refiner.foreign import as_refiner, keeps_size, repaint
from anyvl.refiner.loading import load_pipeline, load_refiner, with_scheduler
from anyvl.refiner.network import RefinerUNet
from anyvl.refiner.pipeline import (
    OVERLAP,
    SCHEDULERS,
    TILE,
    AnyVLRefinerPipeline,
    clean_residual,
    new_refiner,
    residual,
)

__all__ = [
    "OVERLAP",
    "SCHEDULERS",
    "TILE",
    "AnyVLRefinerPipeline",
    "RefinerUNet",
    "as_refiner",
    "clean_residual",
    "enlarged",
    "keeps_size",
    "load_pipeline",
    "load_refiner",
    "new_refiner",
    "repaint",
    "residual",
    "with_scheduler",
]
