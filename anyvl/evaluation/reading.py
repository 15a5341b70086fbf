"""How well the model reads pictures: segmentation by phrase, detection, captions; against exact truth of the scene world."""

import numpy as np

from anyvl.codecs import Boxes, Polygons
from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.truth import instances_of
from anyvl.data.scenes.words import absent_phrase, caption_of, referring_phrase
from anyvl.data.scenes.world import World
from anyvl.evaluation.caption_facts import facts_in
from anyvl.evaluation.score import Score, of_another, score
from anyvl.metrics import average_precision, f1, union_iou
from anyvl.pipeline import AnyVL
from anyvl.tasks import find_task
from anyvl.values import Frame

_BATCH = 16


def segmentation(model: AnyVL, world: World, count: int) -> list[Score]:
    """Phrases for one thing of each scene, and phrases for nothing (half of them a present thing in another colour)."""
    pictures, phrases, absent, meant, frames = [], [], [], [], []
    for index in range(count):
        scene, rng = world.scene(index), world.rng(index, "phrase")
        thing = scene.things[int(rng.integers(len(scene.things)))]
        phrase, referents = referring_phrase(scene, thing, rng)
        instances = instances_of(scene, world.sprites)
        pictures.append(draw_one(scene, world.sprites))
        phrases.append(f"the {phrase}")
        absent.append(f"the {absent_phrase(scene, rng)}")
        meant.append([instances[n] for n, other in enumerate(scene.things) if other in referents])
        frames.append(Frame(height=scene.height, width=scene.width))
    found = _batched(model.segment, pictures, phrases)
    nothing = _batched(model.segment, pictures, absent)
    codec = find_task("segmentation").output
    assert isinstance(codec, Polygons)
    ceiling = [
        union_iou(codec.decode(codec.encode(true, model.kit, frame), model.kit, frame), true, frame)
        for true, frame in zip(meant, frames, strict=True)
    ]
    # The floor: the answer for another scene of the same size.
    shuffled = of_another(found, frames)
    floor = [union_iou(f, t, fr) for f, t, fr in zip(shuffled, meant, frames, strict=True)]
    iou = [union_iou(f, t, fr) for f, t, fr in zip(found, meant, frames, strict=True)]
    return [
        score(
            f"segmentation, {world.split}: mIoU", iou, ceiling=ceiling, floor=floor, note="ceiling: 20 vertices, bins"
        ),
        score(f"segmentation, {world.split}: absent answered with nothing", [float(not many) for many in nothing]),
        score(f"segmentation, {world.split}: present answered with something", [float(bool(many)) for many in found]),
    ]


def detection(model: AnyVL, world: World, count: int) -> list[Score]:
    """COCO average precision of boxes and names."""
    scenes = [world.scene(index) for index in range(count)]
    truths = [instances_of(scene, world.sprites) for scene in scenes]
    found = _batched(
        lambda pictures, _: model.detect(pictures), [draw_one(s, world.sprites) for s in scenes], [""] * count
    )
    codec, kit = Boxes(), model.kit
    frames = [Frame(height=scene.height, width=scene.width) for scene in scenes]
    written = [codec.decode(codec.encode(t, kit, fr), kit, fr) for t, fr in zip(truths, frames, strict=True)]
    ap, ceiling, floor = (average_precision(many, truths) for many in (found, written, of_another(found, frames)))
    return [
        Score(
            name=f"detection, {world.split}: {name}",
            value=ap[name],
            low=float("nan"),
            high=float("nan"),
            count=count,
            ceiling=ceiling[name],
            floor=floor[name],
        )
        for name in ap
    ]


def captioning(model: AnyVL, world: World, count: int) -> list[Score]:
    """F1 of the facts that a caption states: things with colours, places, relations, ground."""
    scenes = [world.scene(index) for index in range(count)]
    truths = [facts_in(caption_of(s, world.rng(i, "caption"), full=True).words) for i, s in enumerate(scenes)]
    said = _batched(
        lambda pictures, _: model.caption(pictures), [draw_one(s, world.sprites) for s in scenes], [""] * count
    )
    stated = [facts_in(words) for words in said]
    sizes = [(scene.height, scene.width) for scene in scenes]
    return [
        score(
            f"captioning, {world.split}: fact F1",
            [f1(a, b) for a, b in zip(stated, truths, strict=True)],
            ceiling=[1.0],
            floor=[f1(a, b) for a, b in zip(of_another(stated, sizes), truths, strict=True)],
        )
    ]


def _batched(ask: object, pictures: list[np.ndarray], words: list[str]) -> list:
    assert callable(ask)
    answers: list = []
    for start in range(0, len(pictures), _BATCH):
        answers += ask(pictures[start : start + _BATCH], words[start : start + _BATCH])
    return answers
