"""How near a refiner's pictures are to true ones of high resolution, beside bicubic and Lanczos, at 2 and 4 times the size.

The world can be drawn at any size, so the truth is known: pixel by pixel of drawn scenes that went through the image tokenizer,
and as a set of painted pictures. The judge reads what is refined at the size of the decoder's pictures: it says what is there,
not how finely it is drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from einops import rearrange
from jaxtyping import UInt8
from PIL import Image

from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.sprites import load_sprites
from anyvl.data.scenes.words import caption_of
from anyvl.data.scenes.world import World
from anyvl.evaluation.distance import features_of, perceptual_distances
from anyvl.evaluation.judgement import fact_holds, matches
from anyvl.evaluation.painting import painted_to, round_trip
from anyvl.evaluation.scene_judge import SceneJudge
from anyvl.evaluation.score import Exhibit, Score, score
from anyvl.metrics import feature_distances, psnr
from anyvl.pipeline import AnyVL

_SCALES = (2, 4)
_SCALE = 4
"""At which painted pictures are refined, and steps compared."""
_STEPS = (1, 2, 4, 8, 16, 50)
_PATCH = 128
"""Side in px of the squares whose features are compared: at full resolution, or fine edges would not be seen."""
_FIRST_TRUE = 50_000
_OURS = "refiner"
_PLAIN = {"bicubic": Image.Resampling.BICUBIC, "Lanczos": Image.Resampling.LANCZOS}

_Picture = UInt8[np.ndarray, "_ _ 3"]


@dataclass(frozen=True, eq=False)
class _Enlarged:
    """Scenes as drawn, as their codes give them back, and as drawn `scale` times as large."""

    scale: int
    scenes: list[Scene]
    drawn: list[_Picture]
    small: list[_Picture]
    true: list[_Picture]

    @classmethod
    def of(cls, model: AnyVL, world: World, count: int, scale: int = _SCALE) -> "_Enlarged":
        scenes = [world.scene(index) for index in range(count)]
        drawn = [draw_one(scene, world.sprites) for scene in scenes]
        small = [round_trip(model, picture) for picture in drawn]
        return cls(scale, scenes, drawn, small, _truths(world, scenes, scale))


def refining(model: AnyVL, world: World, judge: SceneJudge, count: int) -> list[Score]:
    """Enlarged two and four times: `count` round trips against the truth, then as many pictures that the model painted.

    CheckpointError for a model without a refiner.
    """
    known = {scale: _Enlarged.of(model, world, count, scale) for scale in _SCALES}
    told = [score for one in known.values() for score in _of_round_trips(model, judge, one)]
    return [*told, *_of_painted(model, world, judge, known[_SCALE])]


def _of_round_trips(model: AnyVL, judge: SceneJudge, known: _Enlarged) -> list[Score]:
    """By our refiner and by plain ways: how near to the truth, large and brought back to the small size."""
    scale = known.scale
    ways = {_OURS: _refined(model, known.small, scale=scale)}
    ways |= {name: _resized(known.small, how, scale) for name, how in _PLAIN.items()}
    scores: list[Score] = []
    for name, pictures in ways.items():
        back = [_shrunk(picture, scene) for picture, scene in zip(pictures, known.scenes, strict=True)]
        readings = judge.read_many(back)
        right = [float(matches(reading, scene)) for reading, scene in zip(readings, known.scenes, strict=True)]
        scores += [
            *_nearness(f"{name}, {scale} x", pictures, known),
            score(f"{name}, {scale} x: scenes that match", right),
            score(
                f"{name}, {scale} x and brought back: PSNR in dB",
                _psnrs(back, known.drawn),
                floor=_psnrs(known.small, known.drawn),
                note="floor: what was enlarged",
            ),
        ]
    return scores


def refining_steps(model: AnyVL, world: World, count: int) -> list[Score]:
    """The same round trips refined in few steps and in many: where more of them stop to be worth their time."""
    known = _Enlarged.of(model, world, count)
    return [
        one
        for steps in _STEPS
        for one in _nearness(
            f"{_OURS}, {steps} step{'s' if steps > 1 else ''}", _refined(model, known.small, steps), known
        )
    ]


def _nearness(name: str, pictures: Sequence[_Picture], known: _Enlarged) -> list[Score]:
    rows = zip(_resized(known.small, _PLAIN["bicubic"], known.scale), pictures, known.true, strict=True)
    shown = [Exhibit(Image.fromarray(np.hstack(row)), "bicubic · refined · true") for row in rows]
    return [
        score(f"{name}: PSNR in dB", _psnrs(pictures, known.true), exhibits=shown if name.startswith(_OURS) else ()),
        score(f"{name}: perceptual distance, lower is better", perceptual_distances(pictures, known.true)),
    ]


def _of_painted(model: AnyVL, world: World, judge: SceneJudge, known: _Enlarged) -> list[Score]:
    """Of painted pictures nobody knows the truth: what they show must stay, and as a set they come nearer to drawn ones."""
    scenes, count = known.scenes, len(known.scenes)
    captions = [caption_of(scene, world.rng(index, "caption"), full=True) for index, scene in enumerate(scenes)]
    painted = painted_to(model, scenes, [caption.words for caption in captions], first_seed=8000)
    refined = _refined(model, painted)
    back = [_shrunk(picture, scene) for picture, scene in zip(refined, scenes, strict=True)]
    same = [
        float(fact_holds(before, fact, scene.height, scene.width) == fact_holds(after, fact, scene.height, scene.width))
        for before, after, caption, scene in zip(
            judge.read_many(painted), judge.read_many(back), captions, scenes, strict=True
        )
        for fact in caption.facts
    ]
    others = _patches(_truths(world, [world.scene(_FIRST_TRUE + index) for index in range(count)]))
    sets = {"found": refined, "floor": _resized(painted, _PLAIN["bicubic"]), "ceiling": known.true}
    far = {name: feature_distances(features_of(_patches(many)), features_of(others)) for name, many in sets.items()}
    nan = float("nan")
    return [
        score(f"{_OURS}, painted pictures: facts that hold as before", same),
        *(
            Score(
                name=f"{_OURS}, painted pictures: {name} of squares of {_PATCH} px, lower is better",
                value=far["found"][name],
                low=nan,
                high=nan,
                count=count,
                ceiling=far["ceiling"][name],
                floor=far["floor"][name],
                note="floor: bicubic",
            )
            for name in far["found"]
        ),
    ]


def _truths(world: World, scenes: Sequence[Scene], scale: int = _SCALE) -> list[_Picture]:
    """Scenes drawn large, from sprites as fine as the largest thing."""
    largest = max(thing.size for scene in scenes for thing in scene.things)
    sprites = load_sprites(world.shown, finest=round(scale * largest))
    return [draw_one(scene, sprites, scale) for scene in scenes]


def _refined(
    model: AnyVL, pictures: Sequence[_Picture], steps: int | None = None, scale: int = _SCALE
) -> list[_Picture]:
    """Picture i with seed i."""
    images = model.refine(
        [Image.fromarray(picture) for picture in pictures], scale=scale, seed=0, num_inference_steps=steps
    ).images
    return [np.asarray(image) for image in images]


def _resized(pictures: Sequence[_Picture], how: Image.Resampling, scale: int = _SCALE) -> list[_Picture]:
    return [
        np.asarray(Image.fromarray(one).resize((scale * one.shape[1], scale * one.shape[0]), how)) for one in pictures
    ]


def _shrunk(picture: _Picture, scene: Scene) -> _Picture:
    """Brought back to its scene's size, a pixel the mean of those that became of it."""
    return np.asarray(Image.fromarray(picture).resize((scene.width, scene.height), Image.Resampling.BOX))


def _psnrs(pictures: Sequence[_Picture], others: Sequence[_Picture]) -> list[float]:
    return [psnr(*pair) for pair in zip(pictures, others, strict=True)]


def _patches(pictures: Sequence[_Picture]) -> list[UInt8[np.ndarray, "side side 3"]]:
    """The squares that pictures consist of; what is left at their ends is left out."""
    return [
        square
        for picture in pictures
        for square in rearrange(
            picture[: picture.shape[0] // _PATCH * _PATCH, : picture.shape[1] // _PATCH * _PATCH],
            "(row y) (column x) c -> (row column) y x c",
            y=_PATCH,
            x=_PATCH,
        )
    ]
