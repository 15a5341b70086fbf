"""How well the model finds things: masks and boxes by phrase, all boxes with names, key points; against exact truth."""

import itertools

import numpy as np

from anyvl.codecs import Boxes, Keypoints, Polygons
from anyvl.data.lists import listing_of
from anyvl.data.scenes.landmarks import landmarks_of
from anyvl.data.scenes.referring import sample_referring
from anyvl.data.scenes.scene import MOST_THINGS
from anyvl.data.scenes.truth import instances_of
from anyvl.data.scenes.words import absent_phrase, referring_phrase, singled_out
from anyvl.data.scenes.world import World
from anyvl.evaluation.exam import Exam
from anyvl.evaluation.score import Exhibit, Score, of_another, score
from anyvl.exports import point_overlay
from anyvl.metrics import all_matched, average_precision, matched, union_iou
from anyvl.pipeline import AnyVL
from anyvl.tasks import find_task
from anyvl.tasks.listing import LISTING
from anyvl.values import Frame, Instance, Keypoint

_NEAR = 0.05
"""A key point is right within this share of the geometric mean of the picture's sides."""


def segmentation(model: AnyVL, world: World, count: int) -> list[Score]:
    """Phrases for one thing of each scene, and phrases for nothing (half of them a present thing in another colour)."""
    exam, numbers = _to_name(world, count)
    phrases, absent, meant = [], [], []
    for index, scene in zip(numbers, exam.scenes, strict=True):
        rng, single = world.rng(index, "phrase"), singled_out(scene)
        thing = single[int(rng.integers(len(single)))]
        phrases.append(f"the {referring_phrase(scene, thing, rng)}")
        absent.append(f"the {absent_phrase(scene, rng)}")
        meant.append([instances_of(scene, world.sprites)[scene.things.index(thing)]])
    found, nothing = exam.ask(model.segment, phrases), exam.ask(model.segment, absent)
    codec = find_task("segmentation").output
    assert isinstance(codec, Polygons)

    def ious(answers: list[list[Instance]]) -> list[float]:
        return [union_iou(a, t, frame) for a, t, frame in zip(answers, meant, exam.frames, strict=True)]

    written = [
        codec.decode(codec.encode(t, model.kit, f), model.kit, f) for t, f in zip(meant, exam.frames, strict=True)
    ]
    name = f"segmentation, {world.title}"
    return [
        # The floor: the answer for another scene of the same size.
        score(
            f"{name}: mIoU",
            ious(found),
            ceiling=ious(written),
            floor=ious(of_another(found, exam.frames)),
            exhibits=exam.exhibits(phrases, found),
        ),
        score(f"{name}: absent answered with nothing", [float(not many) for many in nothing]),
        score(f"{name}: present answered with something", [float(bool(many)) for many in found]),
    ]


def _to_name(world: World, count: int) -> tuple[Exam, list[int]]:
    """The first `count` scenes with a thing that a phrase can single out, and their numbers."""
    numbers = list(itertools.islice((i for i in itertools.count() if singled_out(world.scene(i))), count))
    return Exam.of(world, count, numbers), numbers


def sampled_outlines(model: AnyVL, world: World, count: int) -> list[Score]:
    """The mean IoU of outlines that 1, 2, 4, 8, 16 drawn answers vote for (Pix2Seq v2), phrases for one thing of each scene."""
    exam, phrases, meant = _to_name(world, count)[0], [], []
    for scene in exam.scenes:
        thing = max(singled_out(scene), key=lambda one: one.size)
        phrases.append(f"the {thing.full_name}")
        meant.append([instances_of(scene, world.sprites)[scene.things.index(thing)]])
    codec, kit, scores = find_task("segmentation").output, model.kit, []
    written = [codec.decode(codec.encode(t, kit, f), kit, f) for t, f in zip(meant, exam.frames, strict=True)]
    ceiling = [union_iou(a, t, frame) for a, t, frame in zip(written, meant, exam.frames, strict=True)]
    for samples in (1, 2, 4, 8, 16):
        found = exam.ask(lambda pictures, words, n=samples: model.segment(pictures, words, samples=n), phrases)
        ious = [union_iou(a, t, frame) for a, t, frame in zip(found, meant, exam.frames, strict=True)]
        floor = [union_iou(a, t, f) for a, t, f in zip(of_another(found, exam.frames), meant, exam.frames, strict=True)]
        how = "greedy" if samples == 1 else f"{samples} outlines vote"
        name = f"segmentation, {world.title}: mIoU, {how}"
        scores.append(score(name, ious, ceiling=ceiling, floor=floor))
    return scores


def grounding(model: AnyVL, world: World, count: int) -> list[Score]:
    """Phrases by name, colour, place and relation for one thing, for several, and for none; right when all boxes are."""
    exam, name = Exam.of(world, count), f"grounding, {world.title}"
    scores = []
    for how_many, what in ((1, "one referent"), (2, "several referents"), (0, "absent answered with nothing")):
        phrases, meant = [], []
        for index, scene in enumerate(exam.scenes):
            phrase = sample_referring(scene, world.rng(index, f"ground {how_many}"), how_many)
            referents = phrase.referents(scene) or ()
            instances = instances_of(scene, world.sprites)
            phrases.append(f"the {phrase.words()}")
            meant.append([one for one, thing in zip(instances, scene.things, strict=True) if thing in referents])
        fits = [i for i, many in enumerate(meant) if min(len(many), 2) == how_many]  # not every scene has several
        part = Exam.of(world, count, fits)
        found = part.ask(model.ground, [phrases[i] for i in fits])

        def right(answers: list[list[Instance]], true: list[list[Instance]]) -> list[float]:
            boxes = [[[one.bounds for one in many] for many in rows] for rows in (answers, true)]
            return [float(all_matched(a, t)) for a, t in zip(*boxes, strict=True)]

        true = [meant[i] for i in fits]
        codec, kit = Boxes(phrase=""), model.kit
        written = [codec.decode(codec.encode(t, kit, f), kit, f) for t, f in zip(true, part.frames, strict=True)]
        label = f"{name}: {what}" + (", acc@IoU .5" if how_many else "")
        # For absences: the answer to the phrase for one thing of the same picture.
        present = [f"the {sample_referring(s, world.rng(i, 'present'), 1).words()}" for i, s in enumerate(part.scenes)]
        others = of_another(found, part.frames) if how_many else part.ask(model.ground, present)
        floor = right(others, true)
        shown = part.exhibits([phrases[i] for i in fits], found)
        scores.append(score(label, right(found, true), ceiling=right(written, true), floor=floor, exhibits=shown))
    return scores


def listing(model: AnyVL, world: World, count: int) -> list[Score]:
    """F1 of what is listed: an entry is right when its box is that of a thing (IoU .5), and name and colour are its own."""
    exam, kit, codec = Exam.of(world, count), model.kit, LISTING.output
    truths = [listing_of(scene, world.sprites) for scene in exam.scenes]
    found = exam.ask(model.look)
    written = [codec.decode(codec.encode(t, kit, f), kit, f) for t, f in zip(truths, exam.frames, strict=True)]

    def f1s(lists: list[list[Instance]]) -> list[float]:
        return [_listed_f1(many, true) for many, true in zip(lists, truths, strict=True)]

    return [
        score(
            f"listing, {world.title}: F1 of name, colour and box",
            f1s(found),
            ceiling=f1s(written),
            floor=f1s(of_another(found, exam.frames)),
            exhibits=exam.exhibits([", ".join(one.label for one in many) for many in found], found),
        )
    ]


def _listed_f1(found: list[Instance], true: list[Instance]) -> float:
    return 2 * _recall(found, true) * len(true) / (len(found) + len(true))


def detection(model: AnyVL, world: World, count: int) -> list[Score]:
    """COCO average precision of boxes and names; recall of scenes of one thing, of two, ..., half as many of each."""
    exam, kit = Exam.of(world, count), model.kit
    truths = [instances_of(scene, world.sprites) for scene in exam.scenes]
    found = exam.ask(model.detect)
    codec = Boxes()
    written = [codec.decode(codec.encode(t, kit, f), kit, f) for t, f in zip(truths, exam.frames, strict=True)]
    ap, ceiling, floor = (average_precision(many, truths) for many in (found, written, of_another(found, exam.frames)))
    low, high = _interval(found, truths)
    scores = [
        Score(
            name=f"detection, {world.title}: {name}",
            value=ap[name],
            low=low[name],
            high=high[name],
            count=count,
            ceiling=ceiling[name],
            floor=floor[name],
        )
        for name in ap
    ]
    for how_many in range(1, MOST_THINGS + 1):
        part = Exam.of(world, max(count // 2, 2 * len(world.grids)), how_many=how_many)
        true = [instances_of(scene, world.sprites) for scene in part.scenes]
        answers = part.ask(model.detect)
        kept = [codec.decode(codec.encode(t, kit, f), kit, f) for t, f in zip(true, part.frames, strict=True)]
        recalls = [_recall(a, t) for a, t in zip(answers, true, strict=True)]
        blind = [_recall(a, t) for a, t in zip(of_another(answers, part.frames), true, strict=True)]
        scores.append(
            score(
                f"detection, {world.title}: recall of {how_many} things",
                recalls,
                ceiling=[_recall(w, t) for w, t in zip(kept, true, strict=True)],
                floor=blind,
                exhibits=part.exhibits([f"{len(many)} found" for many in answers], answers),
            )
        )
    return scores


def _interval(found: list[list[Instance]], true: list[list[Instance]]) -> tuple[dict[str, float], dict[str, float]]:
    """The 95 % bootstrap interval of every average precision: 100 resamplings of the pictures, fixed seed."""
    picks = np.random.default_rng(0).integers(len(true), size=(100, len(true)))
    rows = [average_precision([found[i] for i in pick], [true[i] for i in pick]) for pick in picks.tolist()]
    low, high = ({name: float(np.percentile([r[name] for r in rows], at)) for name in rows[0]} for at in (2.5, 97.5))
    return low, high


def keypoints(model: AnyVL, world: World, count: int) -> list[Score]:
    """Points within a twentieth of the picture's size, and whether they are rightly said to be seen or hidden."""
    (exam, numbers), codec = _to_name(world, count), find_task("keypoints").output
    assert isinstance(codec, Keypoints)
    phrases, truths = [], []
    for index, scene in zip(numbers, exam.scenes, strict=True):
        thing = singled_out(scene)[0]
        phrases.append(f"the {referring_phrase(scene, thing, world.rng(index, 'points'))}")
        truths.append(landmarks_of(thing, scene, world.sprites))
    found = exam.ask(model.keypoints, phrases)
    kit = model.kit
    written = [codec.decode(codec.encode(t, kit, f), kit, f) for t, f in zip(truths, exam.frames, strict=True)]

    def near(answers: list[list[Keypoint]]) -> list[float]:
        return [_share_near(a, t, f) for a, t, f in zip(answers, truths, exam.frames, strict=True)]

    seen = [_share_told(a, t) for a, t in zip(found, truths, strict=True)]
    floor = near(of_another(found, exam.frames))
    always = [float(np.mean([point.visible for point in true])) for true in truths]
    return [
        score(
            f"key points, {world.title}: within 5 %",
            near(found),
            ceiling=near(written),
            floor=floor,
            exhibits=[
                Exhibit(point_overlay(picture, points), phrase)
                for picture, points, phrase in zip(exam.pictures, found, phrases, strict=True)
            ],
        ),
        score(
            f"key points, {world.title}: seen or hidden",
            seen,
            floor=always,
            note="floor: always seen",
        ),
    ]


def _share_near(found: list[Keypoint], true: list[Keypoint], frame: Frame) -> float:
    """The share of true points that were found near where they are."""
    places = {point.name: point for point in found}
    reach = _NEAR * (frame.height * frame.width) ** 0.5
    near = [
        point.name in places and np.hypot(places[point.name].x - point.x, places[point.name].y - point.y) <= reach
        for point in true
    ]
    return float(np.mean(near))


def _share_told(found: list[Keypoint], true: list[Keypoint]) -> float:
    """The share of true points that are rightly said to be seen or hidden."""
    told = {point.name: point.visible for point in found}
    return float(np.mean([told.get(point.name) == point.visible for point in true]))


def _recall(found: list[Instance], true: list[Instance]) -> float:
    """The share of true things found with the right name at IoU .5."""
    hits = 0
    for label in {one.label for one in true}:
        ours, theirs = ([one.bounds for one in many if one.label == label] for many in (found, true))
        hits += len(matched(ours, theirs))
    return hits / len(true)
