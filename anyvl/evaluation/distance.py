"""How far painted pictures are, as a set, from drawn ones, whatever each was to show."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.words import caption_of
from anyvl.data.scenes.world import World
from anyvl.errors import ConfigError
from anyvl.evaluation.feature_network import FEATURE_REPERTOIRE, FeatureNetwork, load_feature_network
from anyvl.evaluation.painting import painted_to, round_trip
from anyvl.evaluation.score import Score, score
from anyvl.metrics import f1, feature_distances
from anyvl.pipeline import AnyVL

_BATCH = 32
_FIRST_TRUE = 50_000
"""The drawn pictures that both sets are held against are of other scenes than those that are painted."""


def picture_distance(model: AnyVL, world: World, count: int) -> list[Score]:
    """FID and KID of `count` pictures painted to full captions, in the features of a network that knows drawn scenes.

    The ceiling are drawings of the same scenes sent through the image tokenizer, the floor their grounds without a thing. The
    network's own accuracy comes first. ConfigError for a world with things, colours or grounds that the network does not know.
    """
    for what in ("things", "colours", "grounds"):
        if strange := set(getattr(world.shown, what)) - set(getattr(FEATURE_REPERTOIRE, what)):
            raise ConfigError(
                f"the network of the feature space was not trained on {what} such as {min(strange)}: leave this suite out, or "
                "name the world in FEATURE_REPERTOIRE and run python -m anyvl.evaluation.train_feature_network"
            )
    network = load_feature_network()
    scenes = [world.scene(index) for index in range(count)]
    words = [caption_of(scene, world.rng(index, "caption"), full=True).words for index, scene in enumerate(scenes)]
    drawn = [draw_one(scene, world.sprites) for scene in scenes]
    others = [draw_one(world.scene(_FIRST_TRUE + index), world.sprites) for index in range(4 * count)]
    true = features_of(others)

    def distances(pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]]) -> dict[str, float]:
        return feature_distances(features_of(pictures), true)

    # Before anything is painted: a missing package is said at once.
    ceiling = distances([round_trip(model, picture) for picture in drawn])
    floor = distances([draw_one(scene.with_things(()), world.sprites) for scene in scenes])
    found = distances(painted_to(model, scenes, words, first_seed=7000))
    nan = float("nan")
    return [
        *accuracy(network, scenes, drawn, f"feature network, drawn {world.title} scenes"),
        *(
            Score(
                name=f"pictures, {world.title}: {name} in its features, lower is better",
                value=found[name],
                low=nan,
                high=nan,
                count=count,
                ceiling=ceiling[name],
                floor=floor[name],
                note="floor: empty grounds",
            )
            for name in found
        ),
    ]


def accuracy(
    network: FeatureNetwork, scenes: Sequence[Scene], pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]], name: str
) -> list[Score]:
    """How well the network says which kinds are there and which colours (F1 a picture), and how often which ground."""
    known, kinds, colours, grounds = FEATURE_REPERTOIRE, [], [], []
    with torch.inference_mode():
        for scene, picture in zip(scenes, pictures, strict=True):
            kind, colour, ground = network.says(_batches([picture])[0])
            kinds.append(f1(_above(kind), {known.things.index(thing.name) for thing in scene.things}))
            colours.append(f1(_above(colour), {known.colours.index(thing.colour_name) for thing in scene.things}))
            grounds.append(float(int(ground.argmax()) == known.grounds.index(scene.ground.name)))
    return [
        score(f"{name}: {what}", values)
        for what, values in (("F1 of kinds", kinds), ("F1 of colours", colours), ("background right", grounds))
    ]


def perceptual_distances(
    pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]], others: Sequence[UInt8[np.ndarray, "_ _ 3"]]
) -> list[float]:
    """How differently the network sees each picture and the other of its place and size (`FeatureNetwork.apart`)."""
    network = load_feature_network()
    with torch.inference_mode():
        return [
            float(network.apart(*(_batches([picture])[0] for picture in pair)))
            for pair in zip(pictures, others, strict=True)
        ]


def features_of(pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]]) -> Float[np.ndarray, "picture feature"]:
    """What the network that ships makes of pictures of any sizes."""
    network = load_feature_network()
    with torch.inference_mode():
        return np.concatenate([network(batch).numpy() for batch in _batches(pictures)])


def _above(logits: Tensor) -> set[int]:
    return set(torch.nonzero(logits[0] > 0)[:, 0].tolist())


def _batches(pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]]) -> list[UInt8[Tensor, "_ 3 _ _"]]:
    """Pictures by size, channels first, a few at a time."""
    by_size: dict[tuple[int, ...], list[np.ndarray]] = {}
    for picture in pictures:
        by_size.setdefault(picture.shape, []).append(picture)
    stacks = [torch.from_numpy(np.stack(many)).permute(0, 3, 1, 2) for many in by_size.values()]
    return [part for stack in stacks for part in stack.split(_BATCH)]
