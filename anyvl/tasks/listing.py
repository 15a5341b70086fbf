"""A picture to a list of everything in it, with colours: what the model looks at before it answers a question about a picture."""

from collections.abc import Iterable

from anyvl.codecs import Boxes
from anyvl.tasks.task import Task

LISTING = Task(
    name="listing",
    description="box every thing in a picture and name it with its colour",
    sees_picture=True,
    templates=("list what is there", "take stock of the picture", "name every thing with its colour"),
    held_out_template="make a list of what you see",
    output=Boxes(),
    metric="listed_f1",
    budget=160,
)


def can_look(tasks: Iterable[str]) -> bool:
    """Whether a model of these tasks looks before it answers: it was trained to write lists, and to read them."""
    return LISTING.name in tasks
