"""How far the scene judge can be trusted: what it says of true pictures, of forgeries, and of pictures after the codec."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from einops import rearrange
from jaxtyping import UInt8

from anyvl.codecs.codec import ImageTokenizer
from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.scene import MOST_THINGS, Scene, Thing
from anyvl.data.scenes.sprites import Sprites
from anyvl.data.scenes.world import World
from anyvl.evaluation.distance import perceptual_distances
from anyvl.evaluation.judgement import is_thing, matches
from anyvl.evaluation.scene_judge import SceneJudge
from anyvl.evaluation.score import Score, of_another, score
from anyvl.metrics import psnr
from anyvl.values import Codes

Forger = Callable[[Scene, np.random.Generator, Sprites], UInt8[np.ndarray, "height width 3"]]

_BLOCK = 8
"""Side in px of the blocks that `shuffled_blocks` exchanges."""
_LEAST_MOVE = 0.15
"""A forger moves a thing by this share of the geometric mean of the sides or more: clearly farther than `matches` tolerates."""


def judge_scores(judge: SceneJudge, tokenizer: ImageTokenizer, world: World, count: int) -> list[Score]:
    """Right on renders, forgeries rejected, and what is recognised after the image tokenizer; `count` pictures a figure."""
    return [
        *(_renders(judge, world, count, how_many) for how_many in range(1, MOST_THINGS + 1)),
        *(_forgeries(judge, world, count, name) for name in FORGERS),
        _shuffled_codes(judge, tokenizer, world, count),
        *_round_trips(judge, tokenizer, world, count),
    ]


def another_colour(scene: Scene, rng: np.random.Generator, sprites: Sprites) -> UInt8[np.ndarray, "height width 3"]:
    """The scene with one thing in another colour."""
    thing = _one_of(scene, rng)
    colour = int(rng.choice([c for c in scene.repertoire.colours_on(scene.ground.kind) if c != thing.colour]))
    return draw_one(_exchanged(scene, thing, replace(thing, colour=colour)), sprites)


def another_kind(scene: Scene, rng: np.random.Generator, sprites: Sprites) -> UInt8[np.ndarray, "height width 3"]:
    """The scene with one thing exchanged for one of another kind, in the same colour and place."""
    thing = _one_of(scene, rng)
    kind = int(rng.choice([kind for kind in scene.repertoire.kinds_in(scene.style) if kind != thing.kind]))
    return draw_one(_exchanged(scene, thing, replace(thing, kind=kind)), sprites)


def another_place(scene: Scene, rng: np.random.Generator, sprites: Sprites) -> UInt8[np.ndarray, "height width 3"]:
    """The scene with one thing clearly elsewhere."""
    thing = _one_of(scene, rng)
    least = _LEAST_MOVE * (scene.height * scene.width) ** 0.5
    reach = thing.size / 2
    places = rng.uniform((reach, reach), (scene.width - reach, scene.height - reach), size=(32, 2))
    distances = np.hypot(*(places - (thing.x, thing.y)).T)
    # a thing that fills the picture can hardly move: as far as it can, then
    x, y = places[np.argmax(distances >= least) if distances.max() >= least else distances.argmax()]
    return draw_one(_exchanged(scene, thing, replace(thing, x=float(x), y=float(y))), sprites)


def halved(scene: Scene, rng: np.random.Generator, sprites: Sprites) -> UInt8[np.ndarray, "height width 3"]:
    """The scene without that half of one thing - left and right, or upper and lower - of which more is seen."""
    thing = _one_of(scene, rng)
    picture = draw_one(scene, sprites)
    without = draw_one(scene.with_things(tuple(t for t in scene.things if t is not thing)), sprites)
    y, x = np.mgrid[: scene.height, : scene.width] + 0.5
    half = x < thing.x if rng.random() < 0.5 else y < thing.y
    seen = (picture != without).any(-1)
    if (seen & half).sum() < (seen & ~half).sum():
        half = ~half
    return np.where(half[..., None], without, picture)


def shuffled_blocks(scene: Scene, rng: np.random.Generator, sprites: Sprites) -> UInt8[np.ndarray, "height width 3"]:
    """The picture with its blocks in random order."""
    picture = draw_one(scene, sprites)
    rows = picture.shape[0] // _BLOCK
    blocks = rearrange(picture, "(row y) (column x) c -> (row column) y x c", y=_BLOCK, x=_BLOCK)
    return rearrange(rng.permutation(blocks), "(row column) y x c -> (row y) (column x) c", row=rows)


FORGERS: dict[str, Forger] = {
    "another colour": another_colour,
    "another kind": another_kind,
    "another place": another_place,
    "half a thing": halved,
    "shuffled blocks": shuffled_blocks,
}


def _renders(judge: SceneJudge, world: World, count: int, how_many: int) -> Score:
    scenes = [world.scene(index, how_many) for index in range(count)]
    readings = judge.read_many([draw_one(scene, world.sprites) for scene in scenes])
    sizes = [(scene.height, scene.width) for scene in scenes]
    return score(
        f"judge, {how_many} thing{'s' if how_many > 1 else ''}: right on renders",
        [float(matches(reading, scene)) for reading, scene in zip(readings, scenes, strict=True)],
        floor=[float(matches(r, s)) for r, s in zip(readings, of_another(scenes, sizes), strict=True)],
        note="floor: of another scene",
    )


def _forgeries(judge: SceneJudge, world: World, count: int, name: str) -> Score:
    scenes = [world.scene(index) for index in range(count)]
    forged = [FORGERS[name](scene, world.rng(i, f"forgery {name}"), world.sprites) for i, scene in enumerate(scenes)]
    return _rejected(judge, forged, scenes, name)


def _shuffled_codes(judge: SceneJudge, tokenizer: ImageTokenizer, world: World, count: int) -> Score:
    scenes = [world.scene(index) for index in range(count)]
    pictures = []
    for index, scene in enumerate(scenes):
        codes = _encoded(tokenizer, draw_one(scene, world.sprites), world)
        ids = world.rng(index, "forgery shuffled codes").permutation(codes.ids).tolist()
        pictures.append(tokenizer.decode(Codes(rows=codes.rows, columns=codes.columns, ids=tuple(ids))))
    return _rejected(judge, pictures, scenes, "shuffled codes")


def _rejected(judge: SceneJudge, pictures: list[UInt8[np.ndarray, "_ _ 3"]], scenes: list[Scene], name: str) -> Score:
    readings = judge.read_many(pictures)
    values = [float(not matches(reading, scene)) for reading, scene in zip(readings, scenes, strict=True)]
    return score(f"judge, {name}: rejected", values)


def _round_trips(judge: SceneJudge, tokenizer: ImageTokenizer, world: World, count: int) -> list[Score]:
    scenes = [world.scene(index) for index in range(count)]
    drawn = [draw_one(scene, world.sprites) for scene in scenes]
    codes = [_encoded(tokenizer, picture, world) for picture in drawn]
    pictures = [tokenizer.decode(one) for one in codes]
    again = [_encoded(tokenizer, picture, world) for picture in pictures]
    returned = [float((one.array() == other.array()).mean()) for one, other in zip(codes, again, strict=True)]
    readings = judge.read_many(pictures)
    found = [
        float(any(is_thing(sighting, thing, scene) for sighting in reading.things))
        for reading, scene in zip(readings, scenes, strict=True)
        for thing in scene.things
    ]
    whole = [float(matches(reading, scene)) for reading, scene in zip(readings, scenes, strict=True)]
    return [
        score("codec ceiling: objects found after a round trip", found, note="kind, colour, place and size"),
        score("codec ceiling: scenes that match after a round trip", whole),
        score("codec ceiling: codes that are read back from what is painted of them", returned),
        score("codec ceiling: PSNR in dB", [psnr(*pair) for pair in zip(pictures, drawn, strict=True)]),
        score(
            "codec ceiling: perceptual distance, lower is better",
            perceptual_distances(pictures, drawn),
            floor=perceptual_distances(of_another(pictures, [picture.shape for picture in pictures]), drawn),
            note="floor: of another scene",
        ),
    ]


def _encoded(tokenizer: ImageTokenizer, picture: UInt8[np.ndarray, "height width 3"], world: World) -> Codes:
    return tokenizer.encode(picture, picture.shape[0] // world.factor, picture.shape[1] // world.factor)


def _one_of(scene: Scene, rng: np.random.Generator) -> Thing:
    return scene.things[int(rng.integers(len(scene.things)))]


def _exchanged(scene: Scene, old: Thing, new: Thing) -> Scene:
    return scene.with_things(tuple(new if thing is old else thing for thing in scene.things))
