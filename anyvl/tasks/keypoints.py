"""A picture and a phrase to the named points of the thing that the phrase refers to."""

from anyvl.codecs import Keypoints
from anyvl.tasks.task import Task

KEYPOINTS = Task(
    name="keypoints",
    description="mark named points of a thing and say whether each is seen; nothing when the thing is not there",
    sees_picture=True,
    looks=True,
    templates=("key points of {words}", "mark the points of {words}", "landmarks of {words}"),
    held_out_template="point out {words}",
    output=Keypoints(names=("top", "right", "bottom", "left", "centre")),
    metric="point_distance",
    budget=96,
)
