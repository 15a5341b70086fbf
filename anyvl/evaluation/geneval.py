"""Text to image by what a prompt asks for, in five of the six categories of GenEval (Ghosh et al. 2023), as the judge sees it.

Prompts name what their category is about and leave the rest open; a picture is right when the judge sees what was named. The
ceiling of a category are drawn scenes of its prompts sent through the image tokenizer: what is missing there is the judge's own
error and the tokenizer's.
"""

from collections.abc import Callable

from PIL import Image

from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.scene import Scene, relation_of
from anyvl.data.scenes.words import Fact, with_article
from anyvl.data.scenes.world import World
from anyvl.evaluation.judgement import all_hold
from anyvl.evaluation.painting import painted_to, round_trip
from anyvl.evaluation.scene_judge import SceneJudge
from anyvl.evaluation.score import Exhibit, Score, of_another, score
from anyvl.pipeline import AnyVL

_Asked = tuple[str, tuple[Fact, ...]]


def _single_object(scene: Scene) -> _Asked:
    (thing,) = scene.things
    return with_article(thing.name), (Fact(kind=thing.name),)


def _colours(scene: Scene) -> _Asked:
    (thing,) = scene.things
    return with_article(f"{thing.colour_name} {thing.name}"), (Fact(kind=thing.name, colour=thing.colour_name),)


def _two_objects(scene: Scene) -> _Asked:
    one, other = (thing.name for thing in scene.things)
    return f"{with_article(one)} and {with_article(other)}", (Fact(kind=one), Fact(kind=other))


def _colour_attribution(scene: Scene) -> _Asked:
    names = [f"{thing.colour_name} {thing.name}" for thing in scene.things]
    facts = tuple(Fact(kind=thing.name, colour=thing.colour_name) for thing in scene.things)
    return " and ".join(map(with_article, names)), facts


def _position(scene: Scene) -> _Asked:
    one, other = scene.things
    relation = relation_of(one, other)
    assert relation is not None
    words = f"{with_article(one.name)} {relation} {with_article(other.name)}"
    return words, (Fact(kind=one.name, relation=relation, other=other.name), Fact(kind=other.name))


CATEGORIES: dict[str, tuple[int, Callable[[Scene], _Asked]]] = {
    "single object": (1, _single_object),
    "colours": (1, _colours),
    "two objects": (2, _two_objects),
    "colour attribution": (2, _colour_attribution),
    "position": (2, _position),
}
"""How many things the scenes of a category have, and what is asked of them."""


_WITH_COLOUR = ("colours", "colour attribution")
"""The categories of which something is held out in a world of held-out pairs of thing and colour."""


def geneval(model: AnyVL, world: World, judge: SceneJudge, count: int) -> list[Score]:
    """The share of pictures, `count` a category, that show what was asked, in single samples; and that of all of them.

    There is no counting: the world's captions name things one by one. Of held-out pairs only prompts with colours are asked.
    """
    scores: list[Score] = []
    every: tuple[list[float], ...] = ([], [], [])
    for name, (how_many, asked) in CATEGORIES.items():
        if world.split == "held_out" and name not in _WITH_COLOUR:
            continue
        scenes = _scenes(world, how_many, count)
        prompts = [asked(scene) for scene in scenes]
        pictures = painted_to(model, scenes, [words for words, _ in prompts], first_seed=3000)
        readings = judge.read_many(pictures)
        truths = judge.read_many([round_trip(model, draw_one(scene, world.sprites)) for scene in scenes])
        stated = [facts for _, facts in prompts]
        shuffled = of_another(stated, [(scene.height, scene.width) for scene in scenes])
        rows = [all_hold(*pair, scenes) for pair in ((readings, stated), (truths, stated), (readings, shuffled))]
        for all_of_it, row in zip(every, rows, strict=True):
            all_of_it.extend(row)
        shown = [Exhibit(Image.fromarray(one), words) for one, (words, _) in zip(pictures, prompts, strict=True)]
        label = f"geneval, {world.split}: {name}"
        scores.append(score(label, rows[0], ceiling=rows[1], floor=rows[2], exhibits=shown))
    found, ceiling, floor = every
    return [*scores, score(f"geneval, {world.split}: all categories", found, ceiling=ceiling, floor=floor)]


def _scenes(world: World, how_many: int, count: int) -> list[Scene]:
    """The first scenes of so many things of different kinds that stand plainly to one another."""
    scenes: list[Scene] = []
    index = 0
    while len(scenes) < count:
        scene = world.scene(index, how_many)
        plain = how_many == 1 or relation_of(scene.things[0], scene.things[1]) is not None
        if plain and len({thing.kind for thing in scene.things}) == how_many:
            scenes.append(scene)
        index += 1
    return scenes
