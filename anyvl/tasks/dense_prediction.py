"""A picture to a map over its pixels: which of the things is seen there, or how near it is (Unified-IO, Lu et al. 2023)."""

from anyvl.codecs import DenseMap
from anyvl.sampling import Sampling
from anyvl.tasks.task import Task

MAPS = ("instances", "depth")

DENSE_PREDICTION = Task(
    name="dense_prediction",
    description="number every pixel, by instance (1 the largest thing, 2 the next) or by depth (1 the farthest, 2 the next)",
    sees_picture=True,
    looks=True,
    templates=("map of {words}", "{words} map", "paint the map of {words}"),
    held_out_template="show {words} for every pixel",
    output=DenseMap(),
    metric="map_iou",
    budget=0,
    sampling=Sampling(temperature=0.0),
)
