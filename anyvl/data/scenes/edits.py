"""Edit pairs: a scene, an instruction, the scene it asks for, and exactly where the two differ."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import MultiPolygon

from anyvl.data.scenes.catalogue import COLOUR_NAMES, GROUNDS
from anyvl.data.scenes.scene import MOST_THINGS, Scene, Thing, clear_of, place_of, sample_ground, sample_thing
from anyvl.data.scenes.sprites import Sprites
from anyvl.data.scenes.truth import visible_regions
from anyvl.data.scenes.words import PLACE_WORDS, noun_of, phrase_of, singled_out, with_article


@dataclass(frozen=True, kw_only=True)
class Edit:
    """kind: a name of `EDIT_KINDS`. change: where the pictures differ in px, a bound from above by outlines."""

    kind: str
    source: Scene
    target: Scene
    instruction: str
    change: MultiPolygon


def sample_edit(scene: Scene, rng: np.random.Generator, sprites: Sprites) -> Edit:
    """A random edit of a scene, of any kind that it allows."""
    while True:
        edit = try_edit(scene, rng, sprites, str(rng.choice(list(EDIT_KINDS))))
        if edit is not None:
            return edit


def try_edit(scene: Scene, rng: np.random.Generator, sprites: Sprites, kind: str) -> Edit | None:
    """A random edit of one kind, or None where this scene (or this throw of the dice) does not allow it."""
    made = EDIT_KINDS[kind](scene, rng)
    if made is None:
        return None
    target, instruction = made
    change = _change(scene, target, sprites)
    return Edit(kind=kind, source=scene, target=target, instruction=instruction, change=change)


def _replace(scene: Scene, rng: np.random.Generator) -> tuple[Scene, str] | None:
    thing = _any_thing(scene, rng)
    if thing is None:
        return None
    other = sample_thing(rng, scene, len(scene.things))
    new = replace(thing, kind=other.kind, colour=other.colour)
    if other.kind in {t.kind for t in scene.things}:
        return None
    words = f"replace the {_definite(thing, scene, rng)} with {with_article(phrase_of(new, rng))}"
    return _exchanged(scene, thing, new), words


def _recolour(scene: Scene, rng: np.random.Generator) -> tuple[Scene, str] | None:
    thing = _any_thing(scene, rng)
    colour = int(rng.choice(scene.repertoire.colours_on(scene.ground.kind)))
    if thing is None or colour == thing.colour or scene.repertoire.is_held_out(thing.name, COLOUR_NAMES[colour]):
        return None
    new = replace(thing, colour=colour)
    if any((t.kind, t.colour) == (new.kind, new.colour) for t in scene.things):
        return None
    verb = str(rng.choice(("make the {} {}", "paint the {} {}", "turn the {} {}")))
    return _exchanged(scene, thing, new), verb.format(_definite(thing, scene, rng), COLOUR_NAMES[colour])


def _remove(scene: Scene, rng: np.random.Generator) -> tuple[Scene, str] | None:
    if len(scene.things) < 2 and rng.random() < 0.5:
        return None
    thing = _any_thing(scene, rng)
    if thing is None:
        return None
    verb = str(rng.choice(("remove the {}", "take away the {}", "delete the {}")))
    rest = tuple(t for t in scene.things if t is not thing)
    return scene.with_things(rest), verb.format(_definite(thing, scene, rng))


def _add(scene: Scene, rng: np.random.Generator) -> tuple[Scene, str] | None:
    if len(scene.things) >= MOST_THINGS:
        return None
    for _ in range(20):
        new = sample_thing(rng, scene, len(scene.things) + 1)
        if new.kind not in {t.kind for t in scene.things} and clear_of(new, scene.things):
            break
    else:
        return None
    place = place_of(new, scene)
    words = f"add {with_article(phrase_of(new, rng))} {rng.choice(PLACE_WORDS[place])}"
    return scene.with_things((*scene.things, new)), words


def _ground(scene: Scene, rng: np.random.Generator) -> tuple[Scene, str] | None:
    ground = sample_ground(rng, scene.repertoire)
    visible = scene.repertoire.colours_on(ground.kind)
    if ground.kind == scene.ground.kind or any(thing.colour not in visible for thing in scene.things):
        return None
    if GROUNDS[ground.name].pattern == "plain":
        ground = replace(ground, angle=scene.ground.angle, strength=scene.ground.strength)
    verb = str(rng.choice(("make the background {}", "change the background to {}", "turn the background {}")))
    return replace(scene, ground=ground), verb.format(ground.name)


EDIT_KINDS: dict[str, Callable[[Scene, np.random.Generator], tuple[Scene, str] | None]] = {
    "replace": _replace,
    "recolour": _recolour,
    "remove": _remove,
    "add": _add,
    "ground": _ground,
}


def _any_thing(scene: Scene, rng: np.random.Generator) -> Thing | None:
    """A random thing that colour and name single out, if there is one."""
    single = singled_out(scene)
    return single[int(rng.integers(len(single)))] if single else None


def _definite(thing: Thing, scene: Scene, rng: np.random.Generator) -> str:
    """Words that single the thing out: its name, with its colour where there are two of the kind (else now and then)."""
    alone = sum(t.kind == thing.kind for t in scene.things) == 1
    noun = noun_of(thing, rng)
    return noun if alone and rng.random() < 0.6 else f"{thing.colour_name} {noun}"


def _exchanged(scene: Scene, old: Thing, new: Thing) -> Scene:
    return scene.with_things(tuple(new if thing is old else thing for thing in scene.things))


def _change(source: Scene, target: Scene, sprites: Sprites) -> MultiPolygon:
    """Union of what is seen, before or after, of every thing that differs; for a ground, all but the things."""
    regions = []
    for one, other in ((source, target), (target, source)):
        seen = visible_regions(one, sprites)
        regions += [region for region, thing in zip(seen, one.things, strict=True) if thing not in other.things]
    if source.ground != target.ground:
        things = shapely.union_all(visible_regions(source, sprites))
        regions.append(shapely.box(0, 0, source.width, source.height).difference(things))
    union = shapely.union_all(regions)
    return union if isinstance(union, MultiPolygon) else MultiPolygon([union])
