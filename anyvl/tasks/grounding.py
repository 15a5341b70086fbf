"""A picture and a phrase to the boxes of everything the phrase refers to: none, one or several (MDETR, Kamath et al. 2021)."""

from anyvl.codecs import Boxes
from anyvl.tasks.task import Task

GROUNDING = Task(
    name="grounding",
    description="box every thing that a phrase refers to; nothing when there is none",
    sees_picture=True,
    looks=True,
    templates=("find {words}", "where is {words}?", "box {words}", "locate {words}"),
    held_out_template="show me {words}",
    output=Boxes(phrase=""),
    metric="box_iou",
    budget=96,
)
