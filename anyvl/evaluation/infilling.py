"""How well the model paints what is hidden: one thing of a scene is covered, and words say what the whole shows."""

import numpy as np
from PIL import Image

from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.truth import outline_of
from anyvl.data.scenes.words import Fact, caption_of
from anyvl.data.scenes.world import World
from anyvl.evaluation.judgement import all_hold
from anyvl.evaluation.painting import round_trip
from anyvl.evaluation.scene_judge import SceneJudge
from anyvl.evaluation.score import Exhibit, Score, of_another, score
from anyvl.pipeline import AnyVL
from anyvl.tasks.image_editing import composite
from anyvl.tasks.infilling import cells_under

_BATCH = 16


def infilling(model: AnyVL, world: World, judge: SceneJudge, count: int) -> list[Score]:
    """Scenes of two things, one hidden with its box: is all there that the caption names, and the rest bit-identical?

    The ceiling is the true picture behind the hole as well as the image tokenizer can hold it; the floor the picture painted
    to the caption of another scene of its size. Without words nobody knows what was hidden: then the rest must be there still.
    """
    scenes = [world.scene(index, 2) for index in range(count)]
    captions = [caption_of(scene, world.rng(i, "caption"), full=True) for i, scene in enumerate(scenes)]
    pictures = [draw_one(scene, world.sprites) for scene in scenes]
    sizes = [(scene.height, scene.width) for scene in scenes]
    masks = [
        _boxed(outline_of(scene.things[-1], world.sprites).bounds, *size)
        for scene, size in zip(scenes, sizes, strict=True)
    ]
    facts = [caption.facts for caption in captions]
    words = [caption.words for caption in captions]
    painted = _infilled(model, pictures, masks, words)
    shuffled = _infilled(model, pictures, masks, of_another(words, sizes))
    alone = _infilled(model, pictures, masks, None)
    true = [
        composite(picture, round_trip(model, picture), cells_under(mask, *_grid(size, world.factor)), mask)[0]
        for picture, size, mask in zip(pictures, sizes, masks, strict=True)
    ]
    told, ceiling, floor = (all_hold(judge.read_many(many), facts, scenes) for many in (painted, true, shuffled))
    kept = [[Fact(kind=scene.things[0].name, colour=scene.things[0].colour_name)] for scene in scenes]
    same = [
        float(all(np.array_equal(new[~mask], old[~mask]) for new in several))
        for old, mask, *several in zip(pictures, masks, painted, alone, strict=True)
    ]
    shown = [
        Exhibit(Image.fromarray(np.hstack([a, b])), said) for a, b, said in zip(pictures, painted, words, strict=True)
    ]
    name = f"infilling, {world.split}"
    return [
        score(f"{name}: all that is named is there", told, ceiling=ceiling, floor=floor, exhibits=shown),
        score(f"{name}, no words: the other thing is still there", all_hold(judge.read_many(alone), kept, scenes)),
        score(f"{name}: outside bit-identical", same),
    ]


def _infilled(
    model: AnyVL, pictures: list[np.ndarray], masks: list[np.ndarray], words: list[str] | None
) -> list[np.ndarray]:
    painted: list[np.ndarray] = []
    for start in range(0, len(pictures), _BATCH):
        part = slice(start, start + _BATCH)
        prompts = None if words is None else words[part]
        painted += map(np.asarray, model.infill([*pictures[part]], [*masks[part]], prompts, seed=8000 + start).images)
    return painted


def _boxed(bounds: tuple[float, float, float, float], height: int, width: int) -> np.ndarray:
    """The pixels of a box."""
    x0, y0, x1, y1 = bounds
    mask = np.zeros((height, width), dtype=bool)
    mask[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))] = True
    return mask


def _grid(size: tuple[int, int], factor: int) -> tuple[int, int]:
    return size[0] // factor, size[1] // factor
