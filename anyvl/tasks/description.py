"""A picture to a paragraph about it."""

from anyvl.codecs import Words
from anyvl.tasks.task import Task

DESCRIPTION = Task(
    name="description",
    description="tell at length what a picture shows: every thing, where it is, how things stand to one another",
    sees_picture=True,
    looks=True,
    templates=("describe the picture at length", "tell everything about the picture", "a long description"),
    held_out_template="describe all that you see in detail",
    output=Words(),
    metric="fact_f1",
    budget=200,
)
