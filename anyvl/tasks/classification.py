"""A picture to the label of its main thing, out of a closed set, with the probability of each."""

from anyvl.codecs import Words
from anyvl.tasks.task import Task

CLASSIFICATION = Task(
    name="classification",
    description="how probable each of some labels is for the largest thing in a picture",
    sees_picture=True,
    templates=("what is this?", "classify the picture", "name the main thing"),
    held_out_template="what is the main thing here?",
    output=Words(),
    metric="accuracy",
    budget=32,
)
