"""A picture and a phrase to the polygons of everything the phrase refers to (Pix2Seq v2, Chen et al. 2022)."""

from anyvl.codecs import Polygons
from anyvl.tasks.task import Task

SEGMENTATION = Task(
    name="segmentation",
    description="outline every thing that a phrase refers to; nothing when there is none",
    sees_picture=True,
    templates=("segment {words}", "outline {words}", "where exactly is {words}?", "mask of {words}"),
    held_out_template="trace {words}",
    output=Polygons(vertices=20),
    metric="mask_iou",
    budget=400,
)
