"""Lists of what is in a picture: the true one, and one as a model may write it, which questions are learnt behind."""

from dataclasses import replace

import numpy as np

from anyvl.data.scenes.corpus import Corpus
from anyvl.data.scenes.repertoire import Repertoire
from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.sprites import Sprites
from anyvl.data.scenes.truth import instances_of
from anyvl.values import Box, Frame, Instance

_TRUE = 0.5
"""Share of lists without slips."""
_SLIP = 0.1
"""In the others: chance that a thing is left out, that it is named wrongly, and that there is one too many."""
_OFF_PX = 1.0
"""In the others: standard deviation of the sides of boxes."""


def listing_of(scene: Scene, sprites: Sprites) -> list[Instance]:
    """All that is seen of the scene's things, largest box first, each named with its colour: "red fox"."""
    named = [
        replace(seen, label=thing.full_name, polygons=())
        for seen, thing in zip(instances_of(scene, sprites), scene.things, strict=True)
    ]
    return sorted(named, key=_smaller)


def listed_with_slips(corpus: Corpus, index: int, rng: np.random.Generator) -> list[Instance]:
    """A list of scene `index` as a model may write it: half of them true, the others with slips, so that a training learns to
    read lists and to trust the picture more."""
    scene = corpus.world.scene(index)
    true = listing_of(scene, corpus.world.sprites)
    if rng.random() < _TRUE:
        return true
    frame = Frame(height=scene.height, width=scene.width)
    things = [_misread(thing, frame, scene.repertoire, rng) for thing in true if rng.random() > _SLIP]
    if rng.random() < _SLIP:
        things.append(Instance(label=_any_name(scene.repertoire, rng), box=_any_box(frame, rng), frame=frame))
    return sorted(things, key=_smaller)


def _smaller(thing: Instance) -> float:
    """Lists are largest first, with slips or without: nothing but the picture tells which entry is wrong."""
    return -thing.bounds.area


def _misread(thing: Instance, frame: Frame, known: Repertoire, rng: np.random.Generator) -> Instance:
    """The thing with a box a little off, and now and then another colour or name."""
    label = thing.label
    if rng.random() < _SLIP:
        (colour, _, name), (other, _, another) = (one.partition(" ") for one in (label, _any_name(known, rng)))
        colour, name = (other, name) if rng.random() < 0.5 else (colour, another)
        label = label if known.is_held_out(name, colour) else f"{colour} {name}"
    x0, y0, x1, y1 = (np.array(thing.bounds.as_tuple()) + rng.normal(0, _OFF_PX, 4)).tolist()
    x0, y0 = min(max(x0, 0.0), frame.width - 2.0), min(max(y0, 0.0), frame.height - 2.0)
    box = Box(x0, y0, min(max(x1, x0 + 1), frame.width), min(max(y1, y0 + 1), frame.height))
    return Instance(label=label, box=box, frame=frame)


def _any_name(known: Repertoire, rng: np.random.Generator) -> str:
    """A colour and a thing that a training shows together."""
    while True:
        colour, name = str(rng.choice(known.colours)), str(rng.choice(known.things))
        if not known.is_held_out(name, colour):
            return f"{colour} {name}"


def _any_box(frame: Frame, rng: np.random.Generator) -> Box:
    sides = np.array([frame.width, frame.height])
    extent = rng.uniform(0.1, 0.5, 2) * sides
    near = rng.uniform(0, 1, 2) * (sides - extent)
    return Box(*near.tolist(), *(near + extent).tolist())
