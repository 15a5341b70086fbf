"""Words to a plan of named boxes, then to the picture of that plan: `text_to_image` with `plan=True`."""

from anyvl.codecs import Chain, Layout, Picture
from anyvl.sampling import Sampling
from anyvl.tasks.task import Task

PLANNED_IMAGE = Task(
    name="planned_image",
    description="plan where the things of the words go, then paint a picture to the plan",
    sees_picture=False,
    templates=("{words}", "paint {words}", "a picture of {words}", "draw {words}"),
    held_out_template="an image that shows {words}",
    output=Chain(Layout(), Picture()),
    metric="scene_accuracy",
    sampling=Sampling(temperature=0.5, top_p=0.9, guidance_scale=1.5),
    guided=True,
    budget=160,
)
