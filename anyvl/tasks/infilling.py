"""A picture with hidden cells, and words for the whole of it, to the picture (OFA, Wang et al. 2022; inpainting)."""

from anyvl.codecs import Picture
from anyvl.sampling import Sampling
from anyvl.tasks.task import Task

INFILLING = Task(
    name="infilling",
    description="paint the hidden part of a picture, as words say or as the rest suggests",
    sees_picture=True,
    hides_cells=True,
    templates=("{words}", "fill in: {words}", "complete the picture: {words}"),
    held_out_template="paint what is missing: {words}",
    output=Picture(),
    metric="judge_accuracy",
    sampling=Sampling(temperature=0.7, top_p=0.9, guidance_scale=2.0),
    guided=True,
)
