"""The network of the feature space knows what drawn scenes show, and tells sets of pictures apart by it."""

from dataclasses import replace

import numpy as np
import pytest

from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.repertoire import BASIC
from anyvl.data.scenes.world import World
from anyvl.errors import ConfigError
from anyvl.evaluation.distance import _features, accuracy, picture_distance
from anyvl.evaluation.feature_network import load_feature_network
from anyvl.evaluation.train_feature_network import trained
from anyvl.metrics import feature_distances
from anyvl.pipeline import AnyVL

WORLD = World(grids=((10, 10), (8, 10), (13, 10)), factor=8, split="test")


def test_the_shipped_network_reads_drawn_scenes() -> None:
    scenes = [WORLD.scene(index) for index in range(90)]
    pictures = [draw_one(scene, WORLD.sprites) for scene in scenes]
    kinds, colours, ground = accuracy(load_feature_network(), scenes, pictures, "drawn")
    assert kinds.value > 0.5 and colours.value > 0.9 and ground.value > 0.95
    blank = [np.full_like(picture, 128) for picture in pictures]
    assert max(one.value for one in accuracy(load_feature_network(), scenes, blank, "blank")) < 0.5


def test_pictures_of_less_are_farther_away() -> None:
    network = load_feature_network()
    scenes = [WORLD.scene(index) for index in range(60)]
    others = [draw_one(WORLD.scene(1000 + index), WORLD.sprites) for index in range(240)]
    drawn = [draw_one(scene, WORLD.sprites) for scene in scenes]
    empty = [draw_one(scene.with_things(()), WORLD.sprites) for scene in scenes]
    near, far = (feature_distances(_features(network, many), _features(network, others)) for many in (drawn, empty))
    assert near["FID"] < 0.5 * far["FID"] and near["KID"] < 0.5 * far["KID"]


def test_a_world_that_the_network_does_not_know_is_refused() -> None:
    with pytest.raises(ConfigError, match="was not trained on things such as"):
        picture_distance(AnyVL.from_pretrained(), replace(WORLD, repertoire=BASIC), 6)


def test_training_is_a_function_of_its_seed() -> None:
    one, again, other = trained(2, batch=3), trained(2, batch=3), trained(2, batch=3, seed=1)
    weights = [dict(network.named_parameters())["feature.weight"] for network in (one, again, other)]
    assert (weights[0] == weights[1]).all() and (weights[0] != weights[2]).any()
