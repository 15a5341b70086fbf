"""Labelled boxes, and words if any, to a picture that has these things there (GLIGEN's task, Li et al. 2023)."""

from anyvl.codecs import Picture
from anyvl.sampling import Sampling
from anyvl.tasks.task import Task

LAYOUT_TO_IMAGE = Task(
    name="layout_to_image",
    description="paint a picture with named things in given boxes, and of what the words say beside",
    sees_picture=False,
    takes_layout=True,
    templates=("{words}", "paint {words}", "a picture of {words}"),
    held_out_template="an image that shows {words}",
    output=Picture(),
    metric="layout_iou",
    sampling=Sampling(temperature=0.5, top_p=0.9, guidance_scale=1.5),
    guided=True,
)
