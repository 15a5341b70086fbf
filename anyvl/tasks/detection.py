"""A picture to the boxes and names of all its things (Pix2Seq, Chen et al. 2022)."""

from anyvl.codecs import Boxes, Codec, PaddedBoxes
from anyvl.tasks.task import Task

DETECTION = Task(
    name="detection",
    description="box and name every thing in a picture",
    sees_picture=True,
    looks=True,
    templates=("detect everything", "find all things", "list the objects with their boxes"),
    held_out_template="which objects are where?",
    output=Boxes(),
    metric="average_precision",
    budget=160,
)


def detection_codec(noise_objects: int) -> Codec:
    """How lists are written where they are filled up to so many entries with boxes of nothing; 0: as they are."""
    return PaddedBoxes(noise_objects) if noise_objects else Boxes()
