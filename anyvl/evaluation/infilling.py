"""How well the model paints what is hidden: one thing of a scene is covered, and words say what the whole shows."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.truth import outline_of
from anyvl.data.scenes.words import Fact, caption_of
from anyvl.data.scenes.world import World
from anyvl.evaluation.exam import Exam
from anyvl.evaluation.judgement import MOST_UNEXPLAINED, Reading, all_hold, fact_holds
from anyvl.evaluation.painting import round_trip
from anyvl.evaluation.scene_judge import SceneJudge
from anyvl.evaluation.score import Exhibit, Score, of_another, score
from anyvl.pipeline import AnyVL
from anyvl.tasks.infilling import Hole, filled, hidden_pixels
from anyvl.values import Box

_BATCH = 16


def infilling(model: AnyVL, world: World, judge: SceneJudge, count: int) -> list[Score]:
    """Scenes of two things, one hidden with its box: is all there that the caption names, and the rest bit-identical?

    The ceiling is the true picture behind the hole as well as the image tokenizer can hold it; the floor the picture painted
    to the caption of another scene of its size. Without words nobody knows what was hidden: then the picture is right when the
    other thing is there still and hardly anything is left unexplained; its floor is what another picture has in the place
    of the hole.
    """
    exam = Exam.of(world, count, how_many=2)
    captions = [caption_of(scene, world.rng(i, "caption"), full=True) for i, scene in enumerate(exam.scenes)]
    words, facts = [caption.words for caption in captions], [caption.facts for caption in captions]
    hidden = []
    for scene, frame in zip(exam.scenes, exam.frames, strict=True):
        x0, y0, x1, y1 = outline_of(scene.things[-1], scene.style, world.sprites).bounds
        hidden.append(hidden_pixels(Box(x0 - 1, y0 - 1, x1 + 1, y1 + 1), frame))
    told, shuffled, alone = (
        _infilled(model, exam, hidden, said) for said in (words, of_another(words, exam.frames), None)
    )
    true = [filled(p, round_trip(model, p), hole) for p, hole in zip(exam.pictures, hidden, strict=True)]
    others = of_another(exam.pictures, exam.frames)
    cut = [filled(p, other, hole) for p, other, hole in zip(exam.pictures, others, hidden, strict=True)]
    readings = {
        name: judge.read_many(many)
        for name, many in (("told", told), ("shuffled", shuffled), ("alone", alone), ("true", true), ("cut", cut))
    }
    named = {name: all_hold(readings[name], facts, exam.scenes) for name in ("told", "shuffled", "true")}
    whole = {
        name: [float(_whole(r, s)) for r, s in zip(readings[name], exam.scenes, strict=True)]
        for name in ("alone", "cut", "true")
    }
    same = [
        float(all(np.array_equal(new[~hole], old[~hole]) for new in several))
        for old, hole, *several in zip(exam.pictures, hidden, told, shuffled, alone, strict=True)
    ]
    shown = [
        Exhibit(Image.fromarray(np.hstack(pair)), said) for *pair, said in zip(exam.pictures, told, words, strict=True)
    ]
    name = f"infilling, {world.title}"
    return [
        score(
            f"{name}: all that is named is there",
            named["told"],
            ceiling=named["true"],
            floor=named["shuffled"],
            exhibits=shown,
        ),
        score(
            f"{name}, no words: the rest is there, all is explained",
            whole["alone"],
            ceiling=whole["true"],
            floor=whole["cut"],
            note="floor: part of another picture",
        ),
        score(f"{name}: outside bit-identical", same),
    ]


def _whole(reading: Reading, scene: Scene) -> bool:
    """Whether the thing that was not hidden is there, and hardly anything unexplained."""
    kept = Fact(kind=scene.things[0].name, colour=scene.things[0].colour_name)
    return fact_holds(reading, kept, scene.height, scene.width) and reading.unexplained <= MOST_UNEXPLAINED


def _infilled(
    model: AnyVL, exam: Exam, hidden: Sequence[Bool[np.ndarray, "_ _"]], words: Sequence[str] | None
) -> list[UInt8[np.ndarray, "_ _ 3"]]:
    painted: list[np.ndarray] = []
    for start in range(0, len(hidden), _BATCH):
        part = slice(start, start + _BATCH)
        prompts = None if words is None else [*words[part]]
        holes: list[Hole] = [*hidden[part]]
        images = model.infill([*exam.pictures[part]], holes, prompts, seed=8000 + start).images
        painted += map(np.asarray, images)
    return painted
