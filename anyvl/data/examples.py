"""Training sequences of the scene world: what each task is asked and what it should answer."""

from collections.abc import Callable

import numpy as np
import shapely

from anyvl.codecs import Kit
from anyvl.data.scenes.corpus import Corpus
from anyvl.data.scenes.edits import Edit
from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.truth import instances_of, polygons_of
from anyvl.data.scenes.words import absent_phrase, caption_of, referring_phrase, with_article
from anyvl.sequence import TokenSequence
from anyvl.tasks import Task, find_task
from anyvl.tasks.image_editing import free_cells
from anyvl.tasks.translate import to_sequence
from anyvl.values import Codes, Frame, Polygon

_ABSENT = 0.2
"""Share of segmentation phrases that refer to nothing."""


_TOLERANCE_PX = 0.4


def make_sequence(
    task: Task,
    corpus: Corpus,
    index: int,
    kit: Kit,
    rng: np.random.Generator,
    *,
    input_weight: float,
    length_power: float,
    drop: float,
) -> TokenSequence:
    """A training sequence of a task about scene `index`; `drop` is the chance to leave out the words of a guided task."""
    make = _MAKERS.get(task.name)
    assert make is not None, f"the scene world has no examples for {task.name}"
    words, answer, picture, keep = make(corpus, index, kit, rng)
    scene = corpus.world.scene(index)
    prompt: str | None = task.prompt(words, int(rng.integers(len(task.templates))))
    if task.guided and rng.random() < drop:
        prompt = None
    return to_sequence(
        task,
        kit,
        Frame(height=scene.height, width=scene.width),
        answer,
        picture=picture,
        prompt=prompt,
        input_weight=input_weight,
        length_power=length_power,
        keep=keep,
    )


def edit_region(edit: Edit) -> tuple[Polygon, ...]:
    """The region that an answer names for an edit: hulls of what changes, or the whole frame when the ground does."""
    if edit.source.ground != edit.target.ground:
        whole = shapely.box(0, 0, edit.source.width, edit.source.height)
        return polygons_of(shapely.MultiPolygon([whole]))
    merged = shapely.union_all([part.convex_hull for part in edit.change.geoms])
    hulls = [part.convex_hull for part in getattr(merged, "geoms", [merged])]
    return polygons_of(shapely.MultiPolygon(hulls))


_Made = tuple[str, object, Codes | None, Callable[[list[int]], np.ndarray] | None]


def _text_to_image(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    scene = corpus.world.scene(index)
    return caption_of(scene, rng).words, corpus.codes(index), None, None


def _image_editing(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    edit = corpus.world.edit(index)
    source, edited = corpus.codes(index), corpus.edited_codes(index)
    frame = Frame(height=edit.source.height, width=edit.source.width)
    region = edit_region(edit)
    free = free_cells(region, frame, source.rows, source.columns).ravel()
    blended = tuple(new if may else old for new, old, may in zip(edited.ids, source.ids, free, strict=True))
    first, last = kit.vocabulary.image.start, kit.vocabulary.image.stop

    def keep(ids: list[int]) -> np.ndarray:
        # The grammar copies the cells outside the region, so there is nothing to learn from them.
        row = np.array(ids)
        kept = np.ones(len(ids), dtype=bool)
        kept[(row >= first) & (row < last)] = free
        return kept

    target = Codes(rows=source.rows, columns=source.columns, ids=blended)
    return edit.instruction, (region, target), source, keep


def _segmentation(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    scene = corpus.world.scene(index)
    if rng.random() < _ABSENT:
        return _with_some_article(absent_phrase(scene, rng), rng), [], corpus.codes(index), None
    thing = scene.things[int(rng.integers(len(scene.things)))]
    phrase, referents = referring_phrase(scene, thing, rng)
    instances = instances_of(scene, corpus.world.sprites, tolerance=_TOLERANCE_PX)
    meant = [instances[number] for number, other in enumerate(scene.things) if other in referents]
    return _with_some_article(phrase, rng), meant, corpus.codes(index), None


def _with_some_article(phrase: str, rng: np.random.Generator) -> str:
    return str(rng.choice((f"the {phrase}", f"the {phrase}", phrase, with_article(phrase))))


def _detection(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    scene: Scene = corpus.world.scene(index)
    return "", instances_of(scene, corpus.world.sprites), corpus.codes(index), None


def _captioning(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    return "", caption_of(corpus.world.scene(index), rng, full=True).words, corpus.codes(index), None


_MAKERS: dict[str, Callable[[Corpus, int, Kit, np.random.Generator], _Made]] = {
    "text_to_image": _text_to_image,
    "image_editing": _image_editing,
    "segmentation": _segmentation,
    "detection": _detection,
    "captioning": _captioning,
}


def sample_task(mixture: dict[str, float], rng: np.random.Generator) -> Task:
    """A task by its weight in the mixture."""
    names, weights = list(mixture), np.array(list(mixture.values()), float)
    return find_task(str(rng.choice(names, p=weights / weights.sum())))
