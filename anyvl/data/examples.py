"""Training sequences of the scene world: what each task is asked and what it should answer."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import shapely
from jaxtyping import Bool

from anyvl.codecs import Kit
from anyvl.codecs.padded_boxes import to_learn
from anyvl.data.lists import listing_of
from anyvl.data.scenes.catalogue import find_kind
from anyvl.data.scenes.corpus import Corpus
from anyvl.data.scenes.edits import Edit
from anyvl.data.scenes.landmarks import landmarks_of
from anyvl.data.scenes.maps import depth_map, instance_map
from anyvl.data.scenes.questions import sample_question
from anyvl.data.scenes.referring import Referring, sample_referring
from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.sprites import Sprites
from anyvl.data.scenes.stories import description_of, grounded_caption
from anyvl.data.scenes.truth import instances_of, main_thing, outline_of, polygons_of
from anyvl.data.scenes.words import caption_of, with_article
from anyvl.sequence import TokenSequence
from anyvl.tasks import Task, find_task
from anyvl.tasks.dense_prediction import MAPS
from anyvl.tasks.image_editing import free_cells
from anyvl.tasks.infilling import cells_under, hidden_pixels
from anyvl.tasks.translate import to_sequence
from anyvl.values import Box, Codes, Frame, Instance, Polygon

_ABSENT = 0.2
"""Share of phrases for key points that refer to nothing."""


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
    plans_alone: float = 0.0,
    listed: list[Instance] | None = None,
) -> TokenSequence:
    """A training sequence of a task about scene `index`; `drop` is the chance to leave out the words of a guided task.

    listed: what comes before the question (`anyvl.data.lists`), of a task that looks alone; None: nothing.
    plans_alone: the chance that a planned picture ends where it begins: a plan is a few ids, its picture some hundred.
    """
    make = _MAKERS.get(task.name)
    assert make is not None, f"the scene world has no examples for {task.name}"
    made = make(corpus, index, kit, rng)
    scene = corpus.world.scene(index)
    prompt = None if made.words is None else task.prompt(made.words, int(rng.integers(len(task.templates))))
    layout, opens = made.layout, kit.vocabulary.control("image")
    if task.guided and rng.random() < drop:
        prompt = layout = None
    alone = task.name == "planned_image" and rng.random() < plans_alone
    sequence = to_sequence(
        task,
        kit,
        Frame(height=scene.height, width=scene.width),
        made.answer,
        picture=made.picture,
        hidden=made.hidden,
        listed=listed,
        prompt=prompt,
        layout=layout,
        input_weight=input_weight,
        length_power=length_power,
        # What is cut off below must not weigh on what stays.
        keep=(lambda ids: np.arange(len(ids)) <= ids.index(opens)) if alone else made.keep,
    )
    if not alone:
        return sequence
    end = int(np.argmax(sequence.ids == opens)) + 1
    return TokenSequence(ids=sequence.ids[:end], weights=sequence.weights[:end])


def edit_region(edit: Edit) -> tuple[Polygon, ...]:
    """The region that an answer names for an edit: hulls of what changes, or the whole frame when the ground does."""
    if edit.source.ground != edit.target.ground:
        whole = shapely.box(0, 0, edit.source.width, edit.source.height)
        return polygons_of(shapely.MultiPolygon([whole]))
    merged = shapely.union_all([part.convex_hull for part in edit.change.geoms])
    hulls = [part.convex_hull for part in getattr(merged, "geoms", [merged])]
    return polygons_of(shapely.MultiPolygon(hulls))


@dataclass(frozen=True, kw_only=True)
class _Made:
    """An example: what a user says (None: nothing), what comes with it, and the answer. hidden, keep: see `to_sequence`."""

    words: str | None = ""
    answer: object
    picture: Codes | None = None
    hidden: Bool[np.ndarray, "rows columns"] | None = None
    layout: list[Instance] | None = None
    keep: Callable[[list[int]], np.ndarray] | None = None


def _text_to_image(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    return _Made(words=caption_of(corpus.world.scene(index), rng).words, answer=corpus.codes(index))


def _planned_image(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    scene = corpus.world.scene(index)
    plan = layout_of(scene, corpus.world.sprites)
    return _Made(words=caption_of(scene, rng).words, answer=(plan, corpus.codes(index)))


def _layout_to_image(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    scene = corpus.world.scene(index)
    words = caption_of(scene, rng).words if rng.random() < 0.5 else None
    return _Made(words=words, layout=layout_of(scene, corpus.world.sprites), answer=corpus.codes(index))


def layout_of(scene: Scene, sprites: Sprites) -> list[Instance]:
    """The scene's things as a layout names them, "red fox", each with the box of all of it, also of what is hidden."""
    frame = Frame(height=scene.height, width=scene.width)
    return [
        Instance(
            label=thing.full_name,
            box=Box(*outline_of(thing, scene.style, sprites).bounds),
            frame=frame,
        )
        for thing in scene.things
    ]


def _image_editing(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    edit = corpus.world.edit(index)
    source, edited = corpus.codes(index), corpus.codes_of(edit.target)
    frame = Frame(height=edit.source.height, width=edit.source.width)
    region = edit_region(edit)
    free = free_cells(region, frame, source.rows, source.columns)
    blended = tuple(new if may else old for new, old, may in zip(edited.ids, source.ids, free.ravel(), strict=True))
    target = Codes(rows=source.rows, columns=source.columns, ids=blended)
    return _Made(words=edit.instruction, answer=(region, target), picture=source, keep=_but_copies(free, kit))


def _infilling(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    scene, codes = corpus.world.scene(index), corpus.codes(index)
    hidden = _hidden_cells(scene, codes.rows, codes.columns, corpus.world.sprites, rng)
    words = caption_of(scene, rng).words
    return _Made(words=words, answer=codes, picture=codes, hidden=hidden, keep=_but_copies(hidden, kit))


def _hidden_cells(
    scene: Scene, rows: int, columns: int, sprites: Sprites, rng: np.random.Generator
) -> Bool[np.ndarray, "rows columns"]:
    """The cells of a hole: under a box about a thing, or under any box of up to three quarters of the sides."""
    sides = np.array([scene.width, scene.height])
    if rng.random() < 0.5:
        thing = scene.things[int(rng.integers(len(scene.things)))]
        x0, y0, x1, y1 = outline_of(thing, scene.style, sprites).bounds
        loose = rng.uniform(0, 0.15, 4) * thing.size
        near, far = np.array([x0, y0]) - loose[:2], np.array([x1, y1]) + loose[2:]
    else:
        extent = rng.uniform(0.15, 0.75, 2) * sides
        near = rng.uniform(0, sides - extent)
        far = near + extent
    box = Box(*near.tolist(), *far.tolist())
    return cells_under(hidden_pixels(box, Frame(height=scene.height, width=scene.width)), rows, columns)


def _but_copies(free: Bool[np.ndarray, "rows columns"], kit: Kit) -> Callable[[list[int]], Bool[np.ndarray, "token"]]:
    """All ids of an answer but the codes of cells that are not free: the grammar copies them, there is nothing to learn."""

    def keep(ids: list[int]) -> Bool[np.ndarray, "token"]:
        kept = np.ones(len(ids), dtype=bool)
        kept[kit.vocabulary.are_codes(ids)] = free.ravel()
        return kept

    return keep


def _referred(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    """A phrase for none, one or several of the scene's things, and those it means."""
    scene = corpus.world.scene(index)
    instances = instances_of(scene, corpus.world.sprites)
    phrase = sample_referring(scene, rng)
    referents = phrase.referents(scene)
    assert referents is not None
    meant = [instance for instance, thing in zip(instances, scene.things, strict=True) if thing in referents]
    return _Made(words=spoken(phrase, rng), answer=meant, picture=corpus.codes(index))


def spoken(phrase: Referring, rng: np.random.Generator) -> str:
    """A phrase as one may say it: with one article or another, or none; now and then with another word for the thing."""
    words = phrase.words()
    if phrase.kind and not phrase.plural:
        synonyms = find_kind(phrase.kind).synonyms
        if synonyms and rng.random() < 0.2:
            words = words.replace(phrase.kind, str(rng.choice(synonyms)), 1)
    if phrase.plural:
        return str(rng.choice((f"the {words}", f"all {words}", words)))
    return str(rng.choice((f"the {words}", f"the {words}", words, with_article(words))))


def _keypoints(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    scene = corpus.world.scene(index)
    phrase = sample_referring(scene, rng, how_many=int(rng.random() > _ABSENT))
    phrase = replace(phrase, plural=False)
    referents = phrase.referents(scene)
    assert referents is not None
    points = landmarks_of(referents[0], scene, corpus.world.sprites) if len(referents) == 1 else []
    return _Made(words=spoken(phrase, rng), answer=points, picture=corpus.codes(index))


def _detection(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    things = instances_of(corpus.world.scene(index), corpus.world.sprites)
    return _Made(answer=things, picture=corpus.codes(index), keep=lambda ids: to_learn(ids, kit))


def _listing(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    things = listing_of(corpus.world.scene(index), corpus.world.sprites)
    return _Made(answer=things, picture=corpus.codes(index))


def _captioning(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    words = caption_of(corpus.world.scene(index), rng, full=True).words
    return _Made(answer=words, picture=corpus.codes(index))


def _grounded_captioning(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    scene = corpus.world.scene(index)
    text = grounded_caption(caption_of(scene, rng, full=True, listed=True), scene, corpus.world.sprites)
    return _Made(answer=text, picture=corpus.codes(index))


def _description(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    return _Made(answer=description_of(corpus.world.scene(index), corpus.world.sprites), picture=corpus.codes(index))


def _question_answering(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    question = None
    while question is None:
        question = sample_question(corpus.world.scene(index), rng)
    return _Made(words=question.words, answer=question.answer, picture=corpus.codes(index))


def _classification(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    thing = main_thing(corpus.world.scene(index), corpus.world.sprites)
    return _Made(answer=thing.name, picture=corpus.codes(index))


def _dense_prediction(corpus: Corpus, index: int, kit: Kit, rng: np.random.Generator) -> _Made:
    scene = corpus.world.scene(index)
    name = str(rng.choice(MAPS))
    truth = (instance_map if name == "instances" else depth_map)(scene, corpus.world.sprites)
    return _Made(words=name, answer=truth, picture=corpus.codes(index))


_MAKERS: dict[str, Callable[[Corpus, int, Kit, np.random.Generator], _Made]] = {
    "text_to_image": _text_to_image,
    "planned_image": _planned_image,
    "layout_to_image": _layout_to_image,
    "image_editing": _image_editing,
    "infilling": _infilling,
    "segmentation": _referred,
    "listing": _listing,
    "detection": _detection,
    "grounding": _referred,
    "keypoints": _keypoints,
    "captioning": _captioning,
    "grounded_captioning": _grounded_captioning,
    "description": _description,
    "question_answering": _question_answering,
    "classification": _classification,
    "dense_prediction": _dense_prediction,
}


def sample_task(mixture: dict[str, float], rng: np.random.Generator) -> Task:
    """A task by its weight in the mixture."""
    names, weights = list(mixture), np.array(list(mixture.values()), float)
    return find_task(str(rng.choice(names, p=weights / weights.sum())))
