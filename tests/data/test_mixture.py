"""Batches are a function of seed and step alone, and no example is too long for them."""

import random

import numpy as np
import pytest
import torch
from small_corpus import Checksums

from anyvl.data.mixture import Mixture, rows_of
from anyvl.data.scenes.corpus import Corpus
from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.world import World
from anyvl.evaluation.laws import small_kit
from anyvl.tasks import TASKS

KIT = small_kit()
WORLD = World(grids=KIT.grids, factor=16)
WEIGHTS = {task.name: 1.0 for task in TASKS if task.name != "dense_prediction"}  # which needs an image tokenizer


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus(WORLD, Checksums(16, KIT.vocabulary.num_codes))


def mixture(corpus: Corpus, **settings: int) -> Mixture:
    return Mixture(corpus=corpus, kit=KIT, weights=WEIGHTS, **{"sequences": 40, "length": 512, **settings})


def test_a_batch_is_a_function_of_seed_and_step(corpus: Corpus) -> None:
    one, again = mixture(corpus).batch(3), mixture(corpus).batch(3)
    assert all(torch.equal(one[name], again[name]) for name in one)
    for other in (mixture(corpus).batch(4), mixture(corpus, seed=1).batch(3), mixture(corpus).batch(3, rank=1)):
        assert one["trees.ids"].shape != other["trees.ids"].shape or not torch.equal(
            one["trees.ids"], other["trees.ids"]
        )


def test_the_scenes_of_a_step_lie_in_a_window_that_moves_on(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    scene = World.scene

    def noted(world: World, index: int, *more: object) -> Scene:
        asked.append(index)
        return scene(world, index)

    monkeypatch.setattr(World, "scene", noted)
    monkeypatch.setattr(
        Corpus, "codes", lambda corpus, index: corpus._codes(index, corpus._encoded([scene(WORLD, index)])[0])
    )
    for step in (0, 5):
        asked.clear()
        mixture(corpus, scenes=100, fresh=30).batch(step)
        assert 30 * step <= min(asked) < 30 * step + 30 and 30 * step + 70 < max(asked) < 30 * step + 100


def test_a_corpus_forgets_and_knows_again(corpus: Corpus) -> None:
    small = Corpus(corpus.world, Checksums(16, KIT.vocabulary.num_codes), kept=1)
    order = (3, 500, 1000, 3, 1500)
    assert [small.codes(index) for index in order] == [corpus.codes(index) for index in order]
    rows, columns = corpus.world.grids[500 % len(corpus.world.grids)]
    assert (corpus.codes(500).rows, corpus.codes(500).columns) == (rows, columns)


def test_a_window_that_moves_on_encodes_each_block_once(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[int] = []

    def block(corpus: Corpus, number: int) -> list[np.ndarray]:
        encoded.append(number)
        return [np.zeros((48, rows * columns), int) for rows, columns in WORLD.grids]

    monkeypatch.setattr(Corpus, "_encoded_block", block)
    corpus, dice = Corpus(WORLD, Checksums(16, 50), kept=1000), random.Random(0)
    for step in range(60):
        for _ in range(50):
            corpus.codes(40 * step + dice.randrange(1000))
    assert len(encoded) == len(set(encoded)) > 15


def test_a_long_example_makes_longer_rows(corpus: Corpus) -> None:
    usual, narrow = mixture(corpus).batch(0), mixture(corpus, length=8, questions=1).batch(0)
    assert usual["trees.ids"].shape[1] == 512 and 8 < narrow["trees.ids"].shape[1] < 512
    # Each row holds one example or more, and the longest fills its row: nothing was cut, nothing left out.
    assert (narrow["trees.segments"] > 0).sum(1).max() == narrow["trees.ids"].shape[1]
    assert narrow["trees.ids"].shape[0] >= usual["trees.ids"].shape[0]
    assert int(narrow["trees.segments"].max(1).values.sum()) == 40


def test_short_sequences_that_share_nothing_get_rows_of_their_own(corpus: Corpus) -> None:
    packed, apart = rows_of(mixture(corpus).batch(1)), rows_of(mixture(corpus, line=60).batch(1))
    assert list(packed) == ["trees"] and len(apart) >= 2
    assert sum(int((rows["weights"] > 0).sum()) for rows in apart.values()) == int(
        (packed["trees"]["weights"] > 0).sum()
    )
    for kind, rows in apart.items():
        if kind != "trees":
            width = int(kind.removeprefix("lines "))
            assert width - 80 < rows["ids"].shape[1] <= min(60, width)
            assert (rows["segments"].max(1).values == 1).all() and not rows["branches"].any()


def test_noise_objects_fill_detections_alone_and_their_corners_bear_no_loss(corpus: Corpus) -> None:
    none, found = KIT.vocabulary.control("none"), 0
    for step in range(3):
        plain, noisy = mixture(corpus).batch(step), mixture(corpus, noise_objects=9).batch(step)
        assert not (plain["trees.ids"] == none).any()
        rows, places = torch.where(noisy["trees.ids"] == none)
        found += len(rows)
        for row, place in zip(rows.tolist(), places.tolist(), strict=True):
            assert (noisy["trees.weights"][row, place - 4 : place] == 0).all()
            assert noisy["trees.weights"][row, place] > 0 and noisy["trees.weights"][row, place - 5] > 0
    assert found > 0
