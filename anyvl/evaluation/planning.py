"""What plans are worth: painting to a plan beside painting at once, painting to a layout; the model's eye beside the judge's."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from anyvl.data.examples import layout_of
from anyvl.data.scenes.catalogue import COLOUR_NAMES, KIND_NAMES
from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.scene import Thing
from anyvl.data.scenes.sprites import Sprites
from anyvl.data.scenes.truth import outline_of
from anyvl.data.scenes.words import article, caption_of
from anyvl.data.scenes.world import World
from anyvl.evaluation.judgement import all_hold
from anyvl.evaluation.painting import painted_to, round_trip
from anyvl.evaluation.scene_judge import Reading, SceneJudge, Sighting
from anyvl.evaluation.score import Exhibit, Score, of_another, score
from anyvl.exports import overlay
from anyvl.geometry import box_iou
from anyvl.pipeline import AnyVL
from anyvl.values import Instance

_SEED = 3000


def planned_image(model: AnyVL, world: World, judge: SceneJudge, count: int) -> list[Score]:
    """Two things named with colours and relation: the same prompts and seeds painted at once and to a plan of the model's own."""
    scenes = [world.scene(index, 2) for index in range(count)]
    captions = [caption_of(scene, world.rng(i, "caption"), full=True) for i, scene in enumerate(scenes)]
    words = [caption.words for caption in captions]
    stated = [[fact for fact in caption.facts if not fact.ground] for caption in captions]
    shuffled = of_another(stated, [(scene.height, scene.width) for scene in scenes])
    scores = []
    for plan, how in ((False, "at once"), (True, "to a plan")):
        pictures = painted_to(model, scenes, words, _SEED, plan=plan)
        readings = judge.read_many(pictures)
        scores.append(
            score(
                f"two things, {world.title}: painted {how}: objects, colours, places",
                all_hold(readings, stated, scenes),
                floor=all_hold(readings, shuffled, scenes),
                exhibits=[Exhibit(Image.fromarray(one), said) for one, said in zip(pictures, words, strict=True)],
            )
        )
    return scores


def layout_to_image(model: AnyVL, world: World, judge: SceneJudge, count: int) -> list[Score]:
    """Layouts of one or two things: the IoU of what the judge sees of each name with the box that was asked for (0: not seen)."""
    scenes = [world.scene(index, 1 + index % 2) for index in range(count)]
    layouts = [layout_of(scene, world.sprites) for scene in scenes]
    pictures = [
        np.asarray(
            model.generate(
                layout=[(one.bounds, one.label) for one in layout],
                height=scene.height,
                width=scene.width,
                seed=_SEED + number,
            ).images[0]
        )
        for number, (scene, layout) in enumerate(zip(scenes, layouts, strict=True))
    ]
    best = judge.read_many([round_trip(model, draw_one(scene, world.sprites)) for scene in scenes])
    readings = judge.read_many(pictures)
    turned = of_another(readings, [(s.height, s.width) for s in scenes])

    def ious(rows: Sequence[Reading]) -> list[list[float]]:
        return [
            [_iou(row, one, row.style or scene.style, world.sprites) for one in layout]
            for row, layout, scene in zip(rows, layouts, scenes, strict=True)
        ]

    name = f"layout to image, {world.title}"
    found, ceiling, floor = (ious(rows) for rows in (readings, best, turned))
    means, alls = (
        [[float(statistic(each)) for each in rows] for rows in (found, ceiling, floor)]
        for statistic in (np.mean, lambda each: min(each) >= 0.5)
    )
    shown = [
        Exhibit(overlay(picture, layout), ", ".join(one.label for one in layout))
        for picture, layout in zip(pictures, layouts, strict=True)
    ]
    return [
        score(f"{name}: IoU with the asked boxes", means[0], ceiling=means[1], floor=means[2], exhibits=shown),
        score(f"{name}: all boxes at IoU .5", alls[0], ceiling=alls[1], floor=alls[2]),
    ]


def self_consistency(model: AnyVL, world: World, judge: SceneJudge, count: int) -> list[Score]:
    """The model paints two things, then looks for them in its own picture: how often it sees what the judge sees.

    It is asked whether each thing is there, and it detects; the floor says of every thing what the judge says most often.
    """
    scenes = [world.scene(index, 2) for index in range(count)]
    captions = [caption_of(scene, world.rng(i, "caption"), full=True) for i, scene in enumerate(scenes)]
    pictures = painted_to(model, scenes, [caption.words for caption in captions], _SEED)
    detected = [model.detect(picture) for picture in pictures]
    answered, named, judged, kinds = [], [], [], []
    for scene, picture, reading, boxes in zip(scenes, pictures, judge.read_many(pictures), detected, strict=True):
        for thing in scene.things:
            phrase = thing.full_name
            said = model.ask(picture, f"is there {article(phrase)} {phrase}?", choices=["yes", "no"])
            answered.append(said.words == "yes")
            judged.append(any((one.kind, one.colour) == (thing.name, thing.colour_name) for one in reading.things))
            named.append(any(box.label == thing.name for box in boxes))
            kinds.append(any(one.kind == thing.name for one in reading.things))
    return [
        score(
            f"self-consistency, {world.title}: {what}",
            _same(ours, theirs),
            floor=_same([_most(theirs)] * len(theirs), theirs),
        )
        for what, ours, theirs in (
            ("its answers agree with the judge", answered, judged),
            ("its boxes agree with the judge", named, kinds),
        )
    ]


def _iou(reading: Reading, asked: Instance, style: str, sprites: Sprites) -> float:
    """The best overlap of the asked box with anything of its name that was seen."""
    seen = [one for one in reading.things if f"{one.colour} {one.kind}" == asked.label]
    return max((box_iou(_bounds(one, style, sprites), asked.bounds.as_tuple()) for one in seen), default=0.0)


def _bounds(one: Sighting, style: str, sprites: Sprites) -> tuple[float, float, float, float]:
    kind, colour = KIND_NAMES.index(one.kind), COLOUR_NAMES.index(one.colour)
    x0, y0, x1, y1 = outline_of(Thing(kind=kind, colour=colour, x=one.x, y=one.y, size=one.size), style, sprites).bounds
    return x0, y0, x1, y1


def _same(ours: Sequence[bool], theirs: Sequence[bool]) -> list[float]:
    return [float(a == b) for a, b in zip(ours, theirs, strict=True)]


def _most(values: Sequence[bool]) -> bool:
    return sum(values) * 2 >= len(values)
