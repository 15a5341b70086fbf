"""Text to image by what a prompt asks for, in the six categories of GenEval (Ghosh et al. 2023), as the judge sees it.

Prompts name what their category is about and leave the rest open; a picture is right when the judge sees what was named. Each has
one picture, painted as the model does where nothing is said: at once or to a plan, the only one or that it keeps of several. The
ceiling of a category are drawn scenes of its prompts sent through the image tokenizer: what is missing there is the judge's own
error and the tokenizer's.
"""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.scene import Scene, relation_of
from anyvl.data.scenes.words import Fact, counted, with_article
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
    return with_article(thing.full_name), (Fact(kind=thing.name, colour=thing.colour_name),)


def _two_objects(scene: Scene) -> _Asked:
    one, other = (thing.name for thing in scene.things)
    return f"{with_article(one)} and {with_article(other)}", (Fact(kind=one), Fact(kind=other))


def _colour_attribution(scene: Scene) -> _Asked:
    names = [thing.full_name for thing in scene.things]
    facts = tuple(Fact(kind=thing.name, colour=thing.colour_name) for thing in scene.things)
    return " and ".join(map(with_article, names)), facts


def _counting(scene: Scene) -> _Asked:
    words, facts = counted(scene)
    return words, tuple(facts)


def _position(scene: Scene) -> _Asked:
    one, other = scene.things
    relation = relation_of(one, other)
    assert relation is not None
    words = f"{with_article(one.name)} {relation} {with_article(other.name)}"
    return words, (Fact(kind=one.name, relation=relation, other=other.name), Fact(kind=other.name))


@dataclass(frozen=True, kw_only=True)
class Category:
    """A kind of prompt.

    asked: the prompt of a scene, and what it states. things: how many there are in the scenes, which take turns; family: all of
    one kind, else of different ones. coloured: whether a world of held-out pairs of thing and colour holds some of it out.
    """

    asked: Callable[[Scene], _Asked]
    things: tuple[int, ...]
    family: bool = False
    coloured: bool = False


CATEGORIES: dict[str, Category] = {
    "single object": Category(asked=_single_object, things=(1,)),
    "two objects": Category(asked=_two_objects, things=(2,)),
    "counting": Category(asked=_counting, things=(2, 3, 4), family=True),
    "colours": Category(asked=_colours, things=(1,), coloured=True),
    "position": Category(asked=_position, things=(2,)),
    "colour attribution": Category(asked=_colour_attribution, things=(2,), coloured=True),
}


def geneval(model: AnyVL, world: World, judge: SceneJudge, count: int) -> list[Score]:
    """The share of pictures, `count` a category, that show what was asked, and that of all of them.

    Of held-out pairs only prompts with colours are asked.
    """
    scores: list[Score] = []
    every: tuple[list[float], ...] = ([], [], [])
    for name, category in CATEGORIES.items():
        if world.split == "held_out" and not category.coloured:
            continue
        scenes = _scenes(world, category, count)
        prompts = [category.asked(scene) for scene in scenes]
        pictures = painted_to(model, scenes, [words for words, _ in prompts], first_seed=3000)
        readings = judge.read_many(pictures)
        truths = judge.read_many([round_trip(model, draw_one(scene, world.sprites)) for scene in scenes])
        stated = [facts for _, facts in prompts]
        shuffled = of_another(stated, [(scene.height, scene.width) for scene in scenes])
        rows = [all_hold(*pair, scenes) for pair in ((readings, stated), (truths, stated), (readings, shuffled))]
        for all_of_it, row in zip(every, rows, strict=True):
            all_of_it.extend(row)
        shown = [Exhibit(Image.fromarray(one), words) for one, (words, _) in zip(pictures, prompts, strict=True)]
        label = f"geneval, {world.title}: {name}"
        scores.append(score(label, rows[0], ceiling=rows[1], floor=rows[2], exhibits=shown))
    found, ceiling, floor = every
    return [*scores, score(f"geneval, {world.title}: all categories", found, ceiling=ceiling, floor=floor)]


def candidates(model: AnyVL, world: World, judge: SceneJudge, count: int) -> list[Score]:
    """All categories, of 1, 2, 4 and 8 pictures the one that the model itself keeps: what it is worth to choose."""
    scenes = [(scene, category) for category in CATEGORIES.values() for scene in _scenes(world, category, count)]
    shown = [scene for scene, _ in scenes]
    asked = [category.asked(scene) for scene, category in scenes]
    words, stated = [words for words, _ in asked], [facts for _, facts in asked]
    scores = []
    for many in (1, 2, 4, 8):
        readings = judge.read_many(painted_to(model, shown, words, first_seed=3000, candidates=many))
        label = f"geneval, {world.title}: all categories, kept of {many} picture{'s' if many > 1 else ''}"
        scores.append(score(label, all_hold(readings, stated, shown)))
    return scores


def _scenes(world: World, category: Category, count: int) -> list[Scene]:
    """The first scenes of a category; two things of different kinds stand plainly to one another."""
    scenes: list[Scene] = []
    index = 0
    while len(scenes) < count:
        # Sizes take turns as well, and faster, or every number would have a size of its own.
        how_many = category.things[len(scenes) // len(world.grids) % len(category.things)]
        scene = world.scene(index, how_many, category.family)
        kinds = len({thing.kind for thing in scene.things})
        plain = how_many == 1 or relation_of(scene.things[0], scene.things[1]) is not None
        if kinds == 1 if category.family else plain and kinds == how_many:
            scenes.append(scene)
        index += 1
    return scenes
