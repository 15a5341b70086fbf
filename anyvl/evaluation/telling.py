"""How true what the model tells of pictures is: captions, paragraphs, captions with boxes; by the facts that the words state."""

from collections.abc import Sequence

from anyvl.data.scenes.stories import description_of, grounded_caption
from anyvl.data.scenes.words import caption_of
from anyvl.data.scenes.world import World
from anyvl.evaluation.caption_facts import facts_in
from anyvl.evaluation.exam import Exam
from anyvl.evaluation.score import Score, of_another, score
from anyvl.geometry import box_iou
from anyvl.metrics import f1
from anyvl.pipeline import AnyVL
from anyvl.tasks import find_task
from anyvl.values import Box, GroundedText


def captioning(model: AnyVL, world: World, count: int) -> list[Score]:
    """F1 of the facts that a caption states: things with colours, places, relations, ground."""
    exam = Exam.of(world, count)
    truths = [caption_of(s, world.rng(i, "caption"), full=True).words for i, s in enumerate(exam.scenes)]
    return [_fact_f1(f"captioning, {world.title}: fact F1", exam, exam.ask(model.caption), truths)]


def description(model: AnyVL, world: World, count: int) -> list[Score]:
    """F1 of the facts of a paragraph."""
    exam = Exam.of(world, count)
    truths = [description_of(scene, world.sprites) for scene in exam.scenes]
    return [_fact_f1(f"description, {world.title}: fact F1", exam, exam.ask(model.describe), truths)]


def grounded_captioning(model: AnyVL, world: World, count: int) -> list[Score]:
    """F1 of facts; F1_all, where a thing counts only with its word and its box right; the same with boxes permuted."""
    exam = Exam.of(world, count)
    captions = [caption_of(s, world.rng(i, "caption"), full=True, listed=True) for i, s in enumerate(exam.scenes)]
    truths = [grounded_caption(c, s, world.sprites) for c, s in zip(captions, exam.scenes, strict=True)]
    found: list[GroundedText] = exam.ask(lambda pictures: model.caption(pictures, grounded=True))
    name, codec, kit = f"grounded captioning, {world.title}", find_task("grounded_captioning").output, model.kit
    written = [codec.decode(codec.encode(t, kit, f), kit, f) for t, f in zip(truths, exam.frames, strict=True)]
    both = [f1_all(a, t) for a, t in zip(found, truths, strict=True)]
    several = [i for i, truth in enumerate(truths) if len(truth.spans) > 1]
    return [
        _fact_f1(f"{name}: fact F1", exam, [str(text) for text in found], [caption.words for caption in captions]),
        score(
            f"{name}: F1_all, word and box",
            both,
            ceiling=[f1_all(a, t) for a, t in zip(written, truths, strict=True)],
            floor=[f1_all(a, t) for a, t in zip(of_another(found, exam.frames), truths, strict=True)],
            exhibits=exam.exhibits([str(text) for text in found], [text.instances() for text in found]),
        ),
        score(
            f"{name}: F1_all of several things",
            [both[i] for i in several],
            floor=[f1_all(found[i], truths[i], permuted=True) for i in several],
            note="floor: boxes permuted between phrases",
        ),
    ]


def f1_all(found: GroundedText, true: GroundedText, *, permuted: bool = False) -> float:
    """F1 of named things whose box overlaps that of the true thing of this name by half; boxes moved on by one if permuted."""
    said, meant = _named_boxes(found), _named_boxes(true)
    if permuted:
        boxes = [box for _, box in said]
        said = [(name, box) for (name, _), box in zip(said, [*boxes[1:], *boxes[:1]], strict=True)]
    waiting, hits = list(meant), 0
    for name, box in said:
        fits = [other for other in waiting if other[0] == name and box_iou(box.as_tuple(), other[1].as_tuple()) >= 0.5]
        if fits:
            waiting.remove(fits[0])
            hits += 1
    return 2 * hits / (len(said) + len(meant)) if said or meant else 1.0


def _named_boxes(text: GroundedText) -> list[tuple[frozenset[tuple[str, ...]], Box]]:
    """What each phrase names, with its box."""
    return [(facts_in(instance.label), instance.bounds) for instance in text.instances()]


def _fact_f1(name: str, exam: Exam, said: Sequence[str], true: Sequence[str]) -> Score:
    stated, truths = ([facts_in(words) for words in many] for many in (said, true))
    spoken = [f"{own}; in truth: {other}" for own, other in zip(said, true, strict=True)]
    return score(
        name,
        [f1(a, b) for a, b in zip(stated, truths, strict=True)],
        ceiling=[1.0],
        floor=[f1(a, b) for a, b in zip(of_another(stated, exam.frames), truths, strict=True)],
        exhibits=exam.exhibits(spoken),
    )
