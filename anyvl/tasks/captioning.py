"""A picture to words."""

from anyvl.codecs import Words
from anyvl.tasks.task import Task

CAPTIONING = Task(
    name="captioning",
    description="say in words what a picture shows",
    sees_picture=True,
    templates=("describe the picture", "what is in the picture?", "caption this"),
    held_out_template="tell me what you see",
    output=Words(),
    metric="fact_f1",
    budget=64,
)
