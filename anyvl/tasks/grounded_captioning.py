"""A picture to words whose phrases carry boxes (Kosmos-2, Peng et al. 2023)."""

from anyvl.codecs import Grounded
from anyvl.tasks.task import Task

GROUNDED_CAPTIONING = Task(
    name="grounded_captioning",
    description="say in words what a picture shows, with the box of each thing that is named",
    sees_picture=True,
    looks=True,
    templates=("caption with boxes", "describe the picture and box each thing", "a grounded caption"),
    held_out_template="tell me what you see and where",
    output=Grounded(),
    metric="grounded_fact_f1",
    budget=128,
)
