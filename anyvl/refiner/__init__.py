"""The refiner: from a small picture to high-resolution pixels, the only door to a pipeline of diffusers.

`pipeline.py` is ours, small and trained on drawn scenes; `foreign.py` uses any other by the common arguments of its call;
`tiles.py` lets a picture of any size be refined in the memory of one tile.
"""

from anyvl.refiner.conditioning import conditions, enlarged
from anyvl.refiner.foreign import as_refiner, load_pipeline, repaint, scheduler_named
from anyvl.refiner.pipeline import AnyVLRefinerPipeline, new_refiner, residual

__all__ = [
    "AnyVLRefinerPipeline",
    "as_refiner",
    "conditions",
    "enlarged",
    "load_pipeline",
    "new_refiner",
    "repaint",
    "residual",
    "scheduler_named",
]
