"""A refiner that paints the truth, one that only enlarges, and what the suite says of them."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from anyvl.data.scenes.world import World
from anyvl.evaluation import refining, suites_of
from anyvl.evaluation.distance import perceptual_distances
from anyvl.evaluation.scene_judge import SceneJudge
from anyvl.metrics import psnr
from anyvl.pipeline import AnyVL


@pytest.fixture(scope="module")
def model() -> AnyVL:
    return AnyVL.from_pretrained()


def test_the_truth_is_nearest_and_what_it_shows_stays(model: AnyVL, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World.of(model.parts, "test")
    truths = {scale: refining._Enlarged.of(model, world, 3, scale).true for scale in (2, 4)}

    def perfect(_: AnyVL, pictures: Sequence[np.ndarray], steps: int | None = None, scale: int = 4) -> list[np.ndarray]:
        calls.append(scale)
        return truths[scale] if len(calls) < 3 else refining._resized(pictures, refining._PLAIN["Lanczos"])

    calls: list[int] = []
    monkeypatch.setattr(refining, "_refined", perfect)
    monkeypatch.setattr(refining, "_FIRST_TRUE", 0)  # the ceiling is then the distance of a set from itself
    found = {one.name: one for one in refining.refining(model, world, SceneJudge(world.repertoire), 3)}
    for scale in (2, 4):
        assert found[f"refiner, {scale} x: PSNR in dB"].value > 90
        assert found[f"bicubic, {scale} x: PSNR in dB"].value < 40
    assert found["refiner, 4 x: perceptual distance, lower is better"].value == 0
    assert found["bicubic, 4 x: perceptual distance, lower is better"].value > 0.01
    back = found["refiner, 4 x and brought back: PSNR in dB"]
    assert back.floor is not None and back.value > back.floor + 3
    assert found["refiner, 4 x: scenes that match"].value == 1
    assert found["refiner, painted pictures: facts that hold as before"].value == 1
    far = found["refiner, painted pictures: FID of squares of 128 px, lower is better"]
    assert far.ceiling == pytest.approx(0, abs=1e-3) and far.value > 1
    assert far.value == pytest.approx(far.floor, rel=0.5)  # Lanczos is not far from bicubic


@pytest.mark.parametrize("scale", [2, 4])
def test_what_ships_is_nearer_to_the_truth_than_bicubic(model: AnyVL, scale: int) -> None:
    """In pixels, in features and brought back to the small size, of pictures that are not square too."""
    known = refining._Enlarged.of(model, World.of(model.parts, "test"), 6, scale)
    assert {picture.shape[0] < picture.shape[1] for picture in known.true} == {True, False}
    ours = refining._refined(model, known.small, scale=scale)
    plain = refining._resized(known.small, refining._PLAIN["bicubic"], scale)
    backs = [
        [refining._shrunk(picture, scene) for picture, scene in zip(way, known.scenes, strict=True)]
        for way in (ours, plain)
    ]
    pairs = zip(refining._psnrs(ours, known.true), refining._psnrs(plain, known.true), strict=True)
    assert sum(one > other for one, other in pairs) >= 5
    assert np.mean(refining._psnrs(backs[0], known.drawn)) > np.mean(refining._psnrs(backs[1], known.drawn)) + 0.2
    nearer, farther = perceptual_distances(ours, known.true), perceptual_distances(plain, known.true)
    assert np.mean(nearer) < 0.98 * np.mean(farther)


def test_steps_are_those_that_are_asked_for(model: AnyVL, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int | None] = []

    def enlarged(
        _: AnyVL, pictures: Sequence[np.ndarray], steps: int | None = None, scale: int = 4
    ) -> list[np.ndarray]:
        asked.append(steps)
        return refining._resized(pictures, refining._PLAIN["bicubic"])

    monkeypatch.setattr(refining, "_refined", enlarged)
    scores = refining.refining_steps(model, World.of(model.parts, "test"), 2)
    assert asked == [1, 2, 4, 8, 16, 50] and scores[0].name == "refiner, 1 step: PSNR in dB"


def test_a_model_without_a_refiner_is_not_put_to_its_suites(model: AnyVL) -> None:
    with_one = AnyVL(dataclasses.replace(model.parts, refiner=Path("anywhere")))
    without = AnyVL(dataclasses.replace(model.parts, refiner=None))
    assert {"refining", "refining_steps"} == set(suites_of(with_one)) - set(suites_of(without))


def test_psnr_is_that_of_the_mean_square_error() -> None:
    picture = np.full((4, 6, 3), 100, np.uint8)
    off = picture.copy()
    off[:2] += 10  # a mean square error of 50
    assert psnr(off, picture) == pytest.approx(10 * np.log10(255**2 / 50))
    assert psnr(picture, picture) > 70
