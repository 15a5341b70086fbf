"""Paintings are what a model makes of scenes and reads back as a picture, and edits of them keep to what is known."""

import dataclasses
import pickle

import numpy as np
import pytest

from anyvl.checkpoint import Parts
from anyvl.data.mixture import Mixture, rows_of
from anyvl.data.paintings import Paintings
from anyvl.data.scenes.corpus import Corpus
from anyvl.data.scenes.world import World


@pytest.fixture(scope="module")
def painter(small_parts: Parts) -> Parts:
    return dataclasses.replace(small_parts, kit=dataclasses.replace(small_parts.kit, grids=((3, 5), (4, 4))))


@pytest.fixture(scope="module")
def world() -> World:
    return World(grids=((3, 5), (4, 4)), factor=8)


def test_a_painting_is_a_function_of_its_scene_and_is_read_from_its_pixels(painter: Parts, world: World) -> None:
    paintings = Paintings(world, painter)
    painted = paintings.of_one_grid(range(0, 8, 2))
    assert painted.shape == (4, 15) and painted.min() >= 0 and painted.max() < 64
    assert np.array_equal(paintings.of_one_grid(range(2, 6, 2)), painted[1:3])
    drawn = Corpus(world, painter.tokenizer)._encoded([world.scene(index) for index in range(0, 8, 2)])
    assert not np.array_equal(painted, drawn)


def test_a_painting_keeps_its_ground_where_its_codes_beside_things_are_the_drawn_ones(
    painter: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    roomy = World(grids=((12, 16), (10, 14)), factor=8)
    drawn, paintings = Corpus(roomy, painter.tokenizer), Paintings(roomy, painter)
    monkeypatch.setattr(Paintings, "codes", lambda _, index: drawn.codes(index))
    assert all(paintings.keeps_ground(index) for index in range(6))

    def other(paintings: Paintings, index: int) -> object:
        codes = drawn.codes(index)
        return dataclasses.replace(codes, ids=tuple((code + 1) % 64 for code in codes.ids))

    monkeypatch.setattr(Paintings, "codes", other)
    assert not any(paintings.keeps_ground(index) for index in range(6))


def test_questions_are_about_paintings_and_edits_only_where_the_ground_is_kept(
    painter: Parts, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[int] = []
    drawn: list[int] = []
    codes = Corpus.codes

    def noted(corpus: Corpus, index: int) -> object:
        (painted if isinstance(corpus, Paintings) else drawn).append(index)
        return codes(corpus, index)

    monkeypatch.setattr(Corpus, "codes", noted)
    for kind, code in ((Corpus, 0), (Paintings, 1)):
        table = [np.full((48, rows * columns), code) for rows, columns in world.grids]
        monkeypatch.setattr(kind, "_encoded_block", lambda corpus, number, table=table: table)
    mixture = Mixture(
        corpus=Corpus(world, painter.tokenizer),
        kit=painter.kit,
        paintings=Paintings(world, painter),
        sequences=12,
        length=400,
    )

    def asked(task: str, share: float, keeps: bool) -> tuple[bool, bool]:
        """Whether any were about paintings, and whether any about drawn pictures."""
        painted.clear()
        drawn.clear()
        monkeypatch.setattr(Paintings, "keeps_ground", lambda paintings, index: keeps)
        assert rows_of(dataclasses.replace(mixture, weights={task: 1.0}, painted=share).batch(0))
        return bool(painted), bool(drawn)

    assert asked("captioning", 1.0, False) == (True, False) and asked("captioning", 0.0, True) == (False, True)
    assert asked("image_editing", 1.0, True) == (True, False) and asked("image_editing", 1.0, False) == (False, True)
    assert asked("captioning", 0.5, True) == (True, True)
    assert asked("text_to_image", 1.0, True) == (False, True)


def test_a_mixture_with_paintings_goes_to_other_processes(painter: Parts, world: World) -> None:
    mixture = Mixture(
        corpus=Corpus(world, painter.tokenizer),
        kit=painter.kit,
        paintings=Paintings(world, painter),
        painted=1.0,
        weights={"captioning": 1.0},
        sequences=2,
        scenes=96,
        length=400,
    )
    here, there = mixture.batch(0), pickle.loads(pickle.dumps(mixture)).batch(0)
    assert here.keys() == there.keys() and all((here[name] == there[name]).all() for name in here)
