"""How well the model paints and edits: what the scene judge finds in single samples, never in the best of several."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from anyvl.data.examples import edit_region
from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.edits import EDIT_KINDS, Edit
from anyvl.data.scenes.scene import Scene, Thing
from anyvl.data.scenes.words import Caption, caption_of
from anyvl.data.scenes.world import World
from anyvl.evaluation.judgement import all_hold
from anyvl.evaluation.scene_judge import Reading, SceneJudge, matches
from anyvl.evaluation.score import Exhibit, Score, of_another, score
from anyvl.pipeline import AnyVL
from anyvl.tasks import find_task
from anyvl.tasks.image_editing import cells_to_mask, composite, free_cells
from anyvl.values import Frame

_BATCH = 16


def text_to_image(
    model: AnyVL, world: World, judge: SceneJudge, count: int, how_many: int, *, unseen_wording: bool = False
) -> list[Score]:
    """Prompts that name every thing with colour and place (or relation) and the ground; a picture is right if all holds.

    unseen_wording: put the prompts into the wording that is kept out of training.
    """
    wording = find_task("text_to_image").held_out_template if unseen_wording else "{words}"
    scenes = [world.scene(index, how_many) for index in range(count)]
    captions = [caption_of(scene, world.rng(i, "caption"), full=True) for i, scene in enumerate(scenes)]
    words = [wording.format(words=caption.words) for caption in captions]
    pictures = painted_to(model, scenes, words, first_seed=1000)
    readings = judge.read_many(pictures)
    truths = judge.read_many([round_trip(model, draw_one(scene, world.sprites)) for scene in scenes])

    def hold(rows: list[Reading], of: list[Caption], ground: bool) -> list[float]:
        return all_hold(rows, [[f for f in caption.facts if bool(f.ground) == ground] for caption in of], scenes)

    # The floor: every picture judged by the prompt of another one of its size.
    shuffled = of_another(captions, [(scene.height, scene.width) for scene in scenes])
    name = f"text to image, {how_many} thing{'s' if how_many > 1 else ''}, {world.title}"
    name += ", unseen wording" if unseen_wording else ""
    return [
        score(
            f"{name}: objects, colours, places",
            hold(readings, captions, False),
            ceiling=hold(truths, captions, False),
            floor=hold(readings, shuffled, False),
            exhibits=[Exhibit(Image.fromarray(one), said) for one, said in zip(pictures, words, strict=True)],
        ),
        score(
            f"{name}: background",
            hold(readings, captions, True),
            ceiling=hold(truths, captions, True),
            floor=hold(readings, shuffled, True),
        ),
    ]


def guidance(model: AnyVL, world: World, judge: SceneJudge, count: int) -> list[Score]:
    """Prompts of one thing painted without guidance and with more and more of it: is all there that the prompt names?"""
    scenes = [world.scene(index, 1) for index in range(count)]
    captions = [caption_of(scene, world.rng(i, "caption"), full=True) for i, scene in enumerate(scenes)]
    words, facts = [caption.words for caption in captions], [caption.facts for caption in captions]
    shuffled = of_another(facts, [(scene.height, scene.width) for scene in scenes])
    ceiling = all_hold(judge.read_many([round_trip(model, draw_one(s, world.sprites)) for s in scenes]), facts, scenes)
    scores = []
    for scale in (1.0, 1.5, 2.0, 3.0):
        readings = judge.read_many(painted_to(model, scenes, words, first_seed=1000, guidance_scale=scale))
        scores.append(
            score(
                f"guidance {scale:g}, one thing, {world.title}: all that is named is there",
                all_hold(readings, facts, scenes),
                ceiling=ceiling,
                floor=all_hold(readings, shuffled, scenes),
            )
        )
    return scores


def painted_to(
    model: AnyVL,
    scenes: Sequence[Scene],
    prompts: Sequence[str],
    first_seed: int,
    *,
    plan: bool | None = None,
    candidates: int | None = None,
    guidance_scale: float | None = None,
) -> list[np.ndarray]:
    """A picture of each prompt, of its scene's size; picture i has seed first_seed + i.

    plan, candidates, guidance_scale: as of `generate`, None as the model does where nothing is said.
    """
    pictures: dict[int, np.ndarray] = {}
    for size in {(scene.height, scene.width) for scene in scenes}:
        members = [i for i, scene in enumerate(scenes) if (scene.height, scene.width) == size]
        for start in range(0, len(members), _BATCH):
            part = members[start : start + _BATCH]
            seeds = [first_seed + i for i in part]
            words = [prompts[i] for i in part]
            images = model.generate(
                words,
                plan=plan,
                candidates=candidates,
                seed=seeds,
                height=size[0],
                width=size[1],
                guidance_scale=guidance_scale,
            ).images
            pictures |= {i: np.asarray(image) for i, image in zip(part, images, strict=True)}
    return [pictures[i] for i in range(len(scenes))]


def image_editing(model: AnyVL, world: World, judge: SceneJudge, count: int) -> list[Score]:
    """`count` edits of each kind: are the pixels outside untouched, is the region right, is the asked scene there?"""
    scores: list[Score] = []
    for kind in EDIT_KINDS:
        edits = world.edits_of(kind, count)
        sources = [draw_one(edit.source, world.sprites) for edit in edits]
        targets = [draw_one(edit.target, world.sprites) for edit in edits]
        pictures, masks = [], []
        for start in range(0, count, _BATCH):
            part = slice(start, start + _BATCH)
            edited = model.edit(list(sources[part]), [edit.instruction for edit in edits[part]], seed=2000 + start)
            pictures += [np.asarray(image) for image in edited.images]
            masks += edited.changed
        same, ratio, covered, ceilings = [], [], [], []
        for edit, source, target, picture, changed in zip(edits, sources, targets, pictures, masks, strict=True):
            same.append(float(np.array_equal(picture[~changed], source[~changed])))
            true = np.abs(source.astype(int) - target.astype(int)).max(-1) > 12
            ratio.append(changed.sum() / max(1, _dilated(true, world.factor).sum()))
            covered.append((changed & true).sum() / max(1, true.sum()))
            # The ceiling: the true region, and in it the true picture as well as the image tokenizer can hold it.
            frame = Frame(height=source.shape[0], width=source.shape[1])
            cells = free_cells(edit_region(edit), frame, frame.height // world.factor, frame.width // world.factor)
            ceilings.append(composite(source, round_trip(model, target), cells)[0])
        found, best, copied = (
            [float(matches(r, e.target, added(e))) for r, e in zip(judge.read_many(many), edits, strict=True)]
            for many in (pictures, ceilings, sources)
        )
        scores += [
            score(
                f"edit, {kind}: the asked scene is there",
                found,
                ceiling=best,
                floor=copied,
                note="floor: copy of the input",
                exhibits=[
                    Exhibit(Image.fromarray(np.hstack([before, after])), edit.instruction)
                    for before, after, edit in zip(sources, pictures, edits, strict=True)
                ],
            ),
            score(f"edit, {kind}: outside bit-identical", same),
            score(f"edit, {kind}: true change covered", covered),
            score(
                f"edit, {kind}: area(changed) / true change dilated by a cell",
                ratio,
                note="median",
                statistic=np.median,
            ),
        ]
    return scores


def added(edit: Edit) -> tuple[Thing, ...]:
    """The thing that an edit adds: its words say in which of nine places, not where there and how large."""
    return tuple(thing for thing in edit.target.things if edit.kind == "add" and thing not in edit.source.things)


def _dilated(mask: np.ndarray, by: int) -> np.ndarray:
    """The mask grown by one cell of `by` px to all sides: the cells it touches and their neighbours."""
    rows, columns = mask.shape[0] // by, mask.shape[1] // by
    touched = mask.reshape(rows, by, columns, by).any((1, 3))
    padded = np.pad(touched, 1)
    grown = np.logical_or.reduce([padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3)])
    return cells_to_mask(grown, Frame(height=mask.shape[0], width=mask.shape[1]))


def round_trip(model: AnyVL, picture: np.ndarray) -> np.ndarray:
    """What is left of a picture after the image tokenizer: the ceiling of everything the model paints."""
    factor = model.parts.tokenizer.model.config.factor
    tokenizer = model.parts.tokenizer
    return tokenizer.decode(tokenizer.encode(picture, picture.shape[0] // factor, picture.shape[1] // factor))
