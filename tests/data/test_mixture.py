"""Batches are a function of seed and step alone, and no example is too long for them."""

import random
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_corpus import Checksums

from anyvl.data.mixture import Mixture, count_ids, rows_of
from anyvl.data.scenes.corpus import Corpus
from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.world import World
from anyvl.evaluation.laws import small_kit
from anyvl.tasks import TASKS, find_task

KIT = small_kit()
EOS = KIT.vocabulary.control("eos")
WORLD = World(grids=KIT.grids, factor=16)
WEIGHTS = {task.name: 1.0 for task in TASKS if task.name != "dense_prediction"}  # which needs an image tokenizer


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus(WORLD, Checksums(16, KIT.vocabulary.num_codes))


def mixture(corpus: Corpus, **settings: int) -> Mixture:
    return Mixture(corpus=corpus, kit=KIT, weights=WEIGHTS, **{"sequences": 40, "length": 512, **settings})


def same(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_batch_is_a_function_of_seed_and_step(corpus: Corpus) -> None:
    one, again = mixture(corpus).batch(3), mixture(corpus).batch(3)
    assert same(one, again)
    for other in (mixture(corpus).batch(4), mixture(corpus, seed=1).batch(3), mixture(corpus).batch(3, rank=1)):
        assert not same(one, other)


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


def test_a_stripe_is_about_blocks_of_its_own(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[int, set[int]] = {}
    codes = Corpus.codes
    for step in range(4):
        seen = asked[step % 2] = asked.get(step % 2, set())
        monkeypatch.setattr(Corpus, "codes", lambda own, i, seen=seen: seen.add(i // own.span) or codes(own, i % 90))
        mixture(corpus, scenes=10 * corpus.span, fresh=1, stripes=2).batch(step)
    assert len(asked[0]) >= 4 and len(asked[1]) >= 4 and not asked[0] & asked[1]


def test_a_corpus_forgets_and_knows_again(corpus: Corpus) -> None:
    small = Corpus(corpus.world, Checksums(16, KIT.vocabulary.num_codes), kept=1)
    order = (3, 500, 1000, 1500, 3, 1500)
    assert [small.codes(index) for index in order] == [corpus.codes(index) for index in order]
    assert len(small._blocks) < 4
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


def test_a_picture_is_shared_up_to_a_length_and_a_long_example_has_a_long_row(corpus: Corpus) -> None:
    usual, narrow, apart = (
        rows_of(mixture(corpus, **settings).batch(0)) for settings in ({}, {"length": 120}, {"questions": 1})
    )
    assert any(kind.startswith("trees") for kind in usual) and not any(kind.startswith("trees") for kind in apart)
    shared = [int((row >= 0).sum()) for kind, rows in narrow.items() if "trees" in kind for row in rows["branches"]]
    assert shared and max(shared) <= 120 < max(rows["ids"].shape[1] for rows in narrow.values())
    assert sum(len(rows["ids"]) for rows in apart.values()) == 40 > sum(len(rows["ids"]) for rows in usual.values())
    # nothing is cut, nothing left out: all that is to be predicted of an answer is there, whoever shares the picture
    ends = [sum(int((rows["ids"][rows["weights"] > 0] == EOS).sum()) for rows in b.values()) for b in (usual, apart)]
    assert ends == [40, 40]


def test_rows_side_by_side_are_about_equally_long(corpus: Corpus) -> None:
    filled = room = 0
    for step in range(4):
        for kind, rows in rows_of(mixture(corpus).batch(step)).items():
            name, width = kind.split()
            used = (rows["branches"] >= 0).sum(1)
            assert rows["ids"].shape[1] == int(width) == used.max()
            assert ((rows["branches"].max(1).values > 0) == (name == "trees")).all()
            filled, room = filled + int(used.sum()), room + rows["ids"].numel()
    assert filled > 0.75 * room


def test_packed_batches_hold_the_same_and_plans_can_come_alone(corpus: Corpus) -> None:
    plain, alike = mixture(corpus), replace(mixture(corpus), row=1024)
    for step in range(2):
        rows = rows_of(alike.batch(step))
        assert list(rows) == ["packed 1024"]
        assert count_ids(alike.batch(step)) == count_ids(plain.batch(step))
    planned = replace(plain, weights={"planned_image": 1.0})
    image = plain.kit.vocabulary.control("image")
    for share in (0.0, 0.5, 1.0):
        batch = rows_of(replace(planned, plans_alone=share).batch(0))
        lengths = torch.cat([(rows["branches"] >= 0).sum(1) for rows in batch.values()])
        begins = torch.cat([(rows["ids"] == image).int().argmax(1) for rows in batch.values()])
        ends = (lengths == begins + 1).float().mean()
        assert ends == share if share != 0.5 else 0.2 < ends < 0.8


def test_noise_objects_fill_detections_alone_and_their_corners_bear_no_loss(corpus: Corpus) -> None:
    none, found = KIT.vocabulary.control("none"), 0
    for step in range(3):
        plain, noisy = mixture(corpus).batch(step), mixture(corpus, noise_objects=9).batch(step)
        assert not any((rows["ids"] == none).any() for rows in rows_of(plain).values())
        for rows in rows_of(noisy).values():
            for row, place in torch.nonzero(rows["ids"] == none).tolist():
                found += 1
                assert (rows["weights"][row, place - 4 : place] == 0).all()
                assert rows["weights"][row, place] > 0 and rows["weights"][row, place - 5] > 0
    assert found > 0


def test_tasks_that_look_share_a_list_behind_their_picture_and_no_others_have_one(corpus: Corpus) -> None:
    """All rows of a mixture that does not look are without; where it looks, its looking tasks all have one."""
    ends, opens = (KIT.vocabulary.control(mark) for mark in ("image_end", "object"))
    for looks in (False, True):
        for name in ("grounding", "question_answering", "captioning", "classification", "listing"):
            batch = replace(mixture(corpus, looks=looks, sequences=12), weights={name: 1.0}).batch(0)
            listed = shared = 0
            for rows in rows_of(batch).values():
                for ids, branches, weights in zip(rows["ids"], rows["branches"], rows["weights"], strict=True):
                    trunk = ids[branches == 0].tolist()
                    after = trunk[trunk.index(ends) + 1 :]  # a tree of one question is all trunk, its answer weighs
                    shared += 1
                    told = opens in after and not weights[branches == 0][trunk.index(ends) + 1 + after.index(opens)]
                    listed += told
            assert listed == (shared if looks and find_task(name).looks else 0), name
