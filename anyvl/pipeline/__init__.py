"""The figure as code: values → codecs → ids → decoder + grammar → ids → codecs → values.

    image, text ──codecs──▶ ids ──decoder + grammar──▶ ids ──codecs──▶ picture · text · boxes · polygons · key points

`engine.py` is what every task needs of a loaded model, `painting.py` makes pictures, `editing.py` changes them, `reading.py`
answers about them, and `model.py` is the `AnyVL` that a user holds.
"""

from anyvl.pipeline.editing import Edited
from anyvl.pipeline.engine import OnStep, UnknownWordsWarning
from anyvl.pipeline.model import AnyVL
from anyvl.pipeline.painting import Painted

__all__ = ["AnyVL", "Edited", "OnStep", "Painted", "UnknownWordsWarning"]
