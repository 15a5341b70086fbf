"""A picture and a phrase to the polygons of everything the phrase refers to (Pix2Seq v2, Chen et al. 2022)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from anyvl.codecs import Polygons
from anyvl.metrics import matched
from anyvl.sampling import Sampling
from anyvl.shapes import area_of, voted
from anyvl.tasks.task import Task
from anyvl.values import Instance

VARIED = Sampling(temperature=1.0, top_p=0.9)
"""How further outlines are drawn, where several are asked for."""
_SAME_THING = 0.4
"""Boxes of two answers that overlap this much (IoU) are of one thing."""

SEGMENTATION = Task(
    name="segmentation",
    description="outline every thing that a phrase refers to; nothing when there is none",
    sees_picture=True,
    looks=True,
    templates=("segment {words}", "outline {words}", "where exactly is {words}?", "mask of {words}"),
    held_out_template="trace {words}",
    output=Polygons(vertices=24),
    metric="mask_iou",
    budget=400,
)


def agreed(answers: Sequence[Sequence[Instance]]) -> list[Instance]:
    """The things of the first of several answers that at least half of all have, with the outlines they vote for, largest first.

    A thing that wins no pixel is left out. Its score is its mean score, where an answer without it counts 0.
    """
    first, *others = answers
    groups = [[thing] for thing in first]
    for answer in others:
        theirs, ours = ([thing.bounds for thing in many] for many in (answer, first))
        for mine, place in matched(theirs, ours, _SAME_THING):
            groups[place].append(answer[mine])
    kept = []
    for group in groups:
        if 2 * len(group) >= len(answers):
            outline = voted([thing.polygons for thing in group], group[0].frame)
            score = float(np.sum([thing.score for thing in group]) / len(answers))
            kept += [replace(group[0], polygons=tuple(outline), box=None, score=score)] if outline else []
    return sorted(kept, key=lambda thing: -area_of(thing.polygons, thing.frame))
