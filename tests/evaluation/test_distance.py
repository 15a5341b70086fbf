"""The network of the feature space knows what drawn scenes show, and tells sets of pictures apart by it."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.repertoire import BASIC, FULL
from anyvl.data.scenes.world import World
from anyvl.errors import ConfigError
from anyvl.evaluation.distance import accuracy, features_of, perceptual_distances, picture_distance
from anyvl.evaluation.feature_network import load_feature_network
from anyvl.evaluation.train_feature_network import trained
from anyvl.metrics import feature_distances
from anyvl.pipeline import AnyVL

WORLD = World(grids=((16, 16), (12, 16), (20, 16)), factor=8, repertoire=BASIC, split="test")


def test_the_shipped_network_reads_drawn_scenes() -> None:
    scenes = [WORLD.scene(index) for index in range(90)]
    pictures = [draw_one(scene, WORLD.sprites) for scene in scenes]
    kinds, colours, ground = accuracy(load_feature_network(), scenes, pictures, "drawn")
    assert kinds.value > 0.5 and colours.value > 0.9 and ground.value > 0.95
    blank = [np.full_like(picture, 128) for picture in pictures]
    assert max(one.value for one in accuracy(load_feature_network(), scenes, blank, "blank")) < 0.5


def test_pictures_of_less_are_farther_away() -> None:
    scenes = [WORLD.scene(index) for index in range(60)]
    others = [draw_one(WORLD.scene(1000 + index), WORLD.sprites) for index in range(240)]
    drawn = [draw_one(scene, WORLD.sprites) for scene in scenes]
    empty = [draw_one(scene.with_things(()), WORLD.sprites) for scene in scenes]
    near, far = (feature_distances(features_of(many), features_of(others)) for many in (drawn, empty))
    assert near["FID"] < 0.5 * far["FID"] and near["KID"] < 0.5 * far["KID"]


def test_the_network_sees_less_of_a_difference_in_what_is_nearer() -> None:
    pictures = [draw_one(WORLD.scene(index), WORLD.sprites) for index in range(9)]
    blurred = [np.asarray(Image.fromarray(one).filter(ImageFilter.GaussianBlur(1))) for one in pictures]
    turned = [np.ascontiguousarray(one[:, ::-1]) for one in pictures]
    same, near, far = (perceptual_distances(pictures, many) for many in (pictures, blurred, turned))
    assert same == [0.0] * 9
    assert all(0 < a < b for a, b in zip(near, far, strict=True))
    assert near == pytest.approx(perceptual_distances(blurred, pictures), rel=1e-5)


def test_a_world_that_the_network_does_not_know_is_refused() -> None:
    with pytest.raises(ConfigError, match="was not trained on things such as"):
        picture_distance(AnyVL.from_pretrained(), replace(WORLD, repertoire=FULL), 6)


def test_training_is_a_function_of_its_seed() -> None:
    one, again, other = (trained(2, 1, batch=3, seed=seed) for seed in (0, 0, 1))
    weights = [dict(network.named_parameters())["feature.weight"] for network in (one, again, other)]
    assert (weights[0] == weights[1]).all() and (weights[0] != weights[2]).any()
