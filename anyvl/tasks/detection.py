"""A picture to the boxes and names of all its things (Pix2Seq, Chen et al. 2022)."""

from anyvl.codecs import Boxes
from anyvl.tasks.task import Task

DETECTION = Task(
    name="detection",
    description="box and name every thing in a picture",
    sees_picture=True,
    templates=("detect everything", "find all things", "list the objects with their boxes"),
    held_out_template="which objects are where?",
    output=Boxes(),
    metric="average_precision",
    budget=160,
)
