"""anyvl: any-to-any vision-language generation with one decoder and one vocabulary.

    image, text ──codecs──▶ ids ──decoder + grammar──▶ ids ──codecs──▶ picture · text · boxes · polygons

Public names load on first use, so that importing anyvl imports no torch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anyvl.errors import AnyVLError
    from anyvl.pipeline import AnyVL, Edited, Painted, UnknownWordsWarning
    from anyvl.sampling import Sampling
    from anyvl.values import Box, Frame, Instance, Polygon

_HOMES = {
    # the model
    "AnyVL": "pipeline",
    "Sampling": "sampling",
    # what it returns
    "Painted": "pipeline",
    "Edited": "pipeline",
    "Instance": "values",
    "Polygon": "values",
    "Box": "values",
    "Frame": "values",
    # what it says
    "AnyVLError": "errors",
    "UnknownWordsWarning": "pipeline",
}

__all__ = [
    "AnyVL",
    "AnyVLError",
    "Box",
    "Edited",
    "Frame",
    "Instance",
    "Painted",
    "Polygon",
    "Sampling",
    "UnknownWordsWarning",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'anyvl' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"anyvl.{_HOMES[name]}"), name)
