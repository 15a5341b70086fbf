"""Codecs: each turns one kind of value into ids and back, and says which ids may stand where.

    Words     a string                                  text.py (the tokenizer itself: tokenizer.py)
    Choice    one of a closed set of strings            choice.py
    Grounded  a string with boxes in line               grounded.py
    Boxes     named boxes                               boxes.py
    PaddedBoxes the same, filled up with boxes of nothing  padded_boxes.py
    Layout    named boxes of a picture to be painted    layout.py
    Keypoints named points, seen or hidden              keypoints.py
    Region    one shape of parts with holes             polygons.py (its rings: rings.py)
    Polygons  any number of outlined things, each in its box
    Picture   a grid of picture codes                   image.py
    DenseMap  a number for every pixel                  dense.py
    Chain     several values one after another          chain.py

`Kit` holds the parts of a checkpoint that codecs need, `open_picture` reads what a user hands over.
"""

from anyvl.codecs.boxes import Boxes
from anyvl.codecs.chain import Chain
from anyvl.codecs.choice import Choice
from anyvl.codecs.codec import Codec, ImageTokenizer, Kit
from anyvl.codecs.dense import DenseMap
from anyvl.codecs.grounded import Grounded
from anyvl.codecs.image import Picture, nearest_grid
from anyvl.codecs.intake import open_picture
from anyvl.codecs.keypoints import Keypoints
from anyvl.codecs.layout import Layout
from anyvl.codecs.padded_boxes import PaddedBoxes
from anyvl.codecs.polygons import Polygons, Region
from anyvl.codecs.text import Words
from anyvl.codecs.tokenizer import TextTokenizer

CODECS: tuple[type[Codec], ...] = (
    Words,
    Choice,
    Grounded,
    Boxes,
    PaddedBoxes,
    Layout,
    Keypoints,
    Region,
    Polygons,
    Picture,
    DenseMap,
    Chain,
)
"""Every codec; the test of the codec law runs each of them."""

__all__ = [
    "CODECS",
    "Boxes",
    "Chain",
    "Choice",
    "Codec",
    "DenseMap",
    "Grounded",
    "ImageTokenizer",
    "Keypoints",
    "Kit",
    "Layout",
    "PaddedBoxes",
    "Picture",
    "Polygons",
    "Region",
    "TextTokenizer",
    "Words",
    "nearest_grid",
    "open_picture",
]
