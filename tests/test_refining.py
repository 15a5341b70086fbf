"""`AnyVL.refine`: the model's own refiner, pipelines of diffusers, and pictures sharpened in one place only."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from tiny_pipelines import image_to_image, upscaler

from anyvl.errors import CheckpointError, ConfigError, InputError, StoppedError, UnknownNameError
from anyvl.evaluation.laws import random_decoder
from anyvl.pipeline import AnyVL, refining
from anyvl.training.config import Keeping, RefinerRun, Schedule, WorldConfig
from anyvl.training.train_refiner import train_refiner


def run_in(folder: Path) -> RefinerRun:
    """Two steps, of the codes of the model in a folder."""
    return RefinerRun(
        schedule=Schedule(steps=2, rate=1e-3, warmup=1),
        image_tokenizer=str(folder / "model" / "image_tokenizer"),
        world=WorldConfig(repertoire="first", grids=((6, 9), (9, 6))),
        channels=(16, 16, 16, 16),
        depth=1,
        batch=4,
        crops=2,
        cells=5,
        precision="no",
        keeping=Keeping(sheet_every=2),
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, small_parts: Any) -> AnyVL:
    """A small model with a refiner of two steps' training."""
    folder = tmp_path_factory.mktemp("refiner")
    AnyVL(small_parts).save_pretrained(folder / "model", dtype="float32")
    run = run_in(folder)
    assert train_refiner(run, folder / "run") == 2
    with Image.open(folder / "run" / "sheet-0000002.png") as sheet:
        assert sheet.size[0] > 6 * 6 * 8 * 4  # six pictures of at least six cells, four times as large
    other = WorldConfig(repertoire="first", grids=((6, 9),), factor=16)
    for wrong, said in (
        ({"crops": 3}, "a batch of 4 squares"),
        ({"cells": 9}, "squares of 9 cells"),
        ({"world": other}, "a code for 8 × 8 px, the world for 16 × 16"),
        ({"start": str(folder / "nowhere")}, "no folder"),
        ({"start": str(folder / "run" / "model"), "gain": 4.0}, "has gain 8.0, this run 4.0"),
        ({"start": str(folder / "run" / "model"), "depth": 2}, "has depth 1, this run 2"),
    ):
        with pytest.raises(ConfigError, match=said):
            train_refiner(dataclasses.replace(run, **wrong), folder / "wrong")
    return AnyVL(dataclasses.replace(small_parts, refiner=folder / "run" / "model"))


def test_pictures_are_enlarged_and_a_seed_is_their_own(model: AnyVL, picture: np.ndarray) -> None:
    refined = model.refine([picture, picture[:, ::-1]], seed=5, num_inference_steps=3)
    assert refined.seeds == [5, 6] and [image.size for image in refined.images] == [(288, 160)] * 2
    turned = np.ascontiguousarray(picture[:, ::-1])
    assert model.refine(turned, seed=6, num_inference_steps=3).images[0] == refined.images[1]
    assert model.refine(picture, seed=6, num_inference_steps=3).images[0] != refined.images[0]
    for seed in (-1, 2**64):  # as those of painted pictures, of which any number is one
        one, other, next_one = (
            model.refine(picture, seed=number, num_inference_steps=2).images[0]
            for number in (seed, seed + 2**64, seed + 1)
        )
        assert one == other != next_one
    assert model.refine(picture, scale=2, seed=5).images[0].size == (144, 80)
    assert model.refine(picture, scale=3, seed=5, scheduler="UniPCMultistepScheduler").images[0].size == (216, 120)


def test_outside_a_mask_every_pixel_is_the_originals(model: AnyVL, picture: np.ndarray) -> None:
    large = np.repeat(np.repeat(picture, 3, axis=0), 3, axis=1)
    mask = np.zeros(large.shape[:2], bool)
    mask[30:75, 50:140] = True
    for refiner in (None, image_to_image(), upscaler()):
        settings = {} if refiner is None else {"refiner": refiner, "num_inference_steps": 3}
        (refined,) = model.refine(large, mask=mask, seed=1, **settings).images
        found = np.asarray(refined)
        assert found.shape == large.shape and np.array_equal(found[~mask], large[~mask])
        assert (found != large).any()
    boxed = model.refine(large, mask=(50, 30, 140, 75), seed=1).images[0]
    assert boxed == model.refine(large, mask=mask, seed=1).images[0]


def test_under_a_mask_its_surroundings_are_looked_at_and_no_more(model: AnyVL, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a picture of 240 × 1200 px, which the decoder sees at less than a quarter: a quarter of the part around the mask."""
    dice = np.random.default_rng(0)
    large = dice.integers(0, 256, (240, 1200, 3), dtype=np.uint8)
    seen: list[tuple[int, ...]] = []
    vectors = model._code_vectors

    def watched(pixels: np.ndarray) -> torch.Tensor:
        seen.append(pixels.shape)
        return vectors(pixels)

    monkeypatch.setattr(model, "_code_vectors", watched)
    changed = np.asarray(model.refine(large, mask=(700, 90, 740, 130), seed=1).images[0]) != large
    assert seen == [(60, 152, 3)]  # all of its height, and 64 px of them beside the mask, from a cell's edge to another
    rows, columns = np.nonzero(changed.any(-1))
    assert 90 <= rows.min() < rows.max() < 130 and 700 <= columns.min() < columns.max() < 740


@pytest.mark.parametrize("end", [31, 32, 33, 79, 80])
def test_what_is_seen_at_half_the_size_is_painted_at_twice(
    model: AnyVL, end: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a mask ends in a picture of 48 × 80 px, which the decoder sees at 24 × 40; 4 px are looked at around it."""
    large = np.random.default_rng(0).integers(0, 256, (48, 80, 3), dtype=np.uint8)
    monkeypatch.setattr(refining, "_AROUND", 4)
    unet = model._own_refiner.unet
    scales: list[int] = []
    forward = unet.forward

    def watched(*told: Any) -> torch.Tensor:
        scales.append(told[-1])
        return forward(*told)

    monkeypatch.setattr(unet, "forward", watched)
    model.refine(large[: 47 if end == 31 else 48], mask=(3, 3, end, 20), seed=1)
    assert scales == [2]


def test_a_saved_model_keeps_its_refiner(model: AnyVL, picture: np.ndarray, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path / "copy", dtype="float32")
    again = AnyVL.from_pretrained(tmp_path / "copy")
    assert again.refine(picture, seed=2).images[0] == model.refine(picture, seed=2).images[0]
    assert again.info()["refiner_scales"] == [2, 4]
    again.save_pretrained(tmp_path / "copy")  # onto itself
    assert (tmp_path / "copy" / "refiner" / "model_index.json").is_file()
    gone = AnyVL(dataclasses.replace(model.parts, refiner=tmp_path / "gone"))
    inside = AnyVL(dataclasses.replace(model.parts, refiner=tmp_path / "copy" / "refiner" / "unet"))
    (tmp_path / "other" / "refiner").mkdir(parents=True)
    (tmp_path / "other" / "refiner" / "notes.txt").write_text("mine")
    for wrong, folder, said in (
        (gone, "copy", "no folder"),
        (inside, "copy", "inside"),
        (model, "other", "something else than a refiner"),
    ):
        with pytest.raises(CheckpointError, match=said):
            wrong.save_pretrained(tmp_path / folder)
    assert (tmp_path / "copy" / "refiner" / "model_index.json").is_file(), "what was there stays"
    AnyVL(dataclasses.replace(model.parts, refiner=None)).save_pretrained(tmp_path / "other")
    assert (tmp_path / "other" / "refiner" / "notes.txt").is_file()


def test_a_run_may_start_from_a_saved_refiner(model: AnyVL, tmp_path: Path) -> None:
    assert model.parts.refiner is not None
    still = Schedule(steps=1, rate=0.0, matrix_rate=0.0, warmup=1)
    run = run_in(model.parts.refiner.parent.parent)
    train_refiner(dataclasses.replace(run, start=str(model.parts.refiner), schedule=still), tmp_path)
    old, new = (
        load_file(at / "unet" / "diffusion_pytorch_model.safetensors")
        for at in (model.parts.refiner, tmp_path / "model")
    )
    assert old.keys() == new.keys() and all(torch.equal(old[name], new[name]) for name in old)


def test_a_trained_refiner_is_taken_by_its_folder(model: AnyVL, picture: np.ndarray) -> None:
    without = AnyVL(dataclasses.replace(model.parts, refiner=None))
    found = without.refine(picture, refiner=model.parts.refiner, seed=2).images[0]
    assert found == model.refine(picture, seed=2).images[0]
    model.check_refine(4, 40, 72)
    with pytest.raises(CheckpointError, match="no refiner of its own"):
        without.check_refine(4)
    for sides in ((4000, 4000), ()):  # also of the size that is painted where none is said
        with pytest.raises(InputError, match="million"):
            model.check_refine(1000 if sides == () else 100, *sides)


def test_a_refiner_for_other_codes_is_refused(model: AnyVL, picture: np.ndarray, tmp_path: Path) -> None:
    from anyvl.refiner import new_refiner

    shape: dict[str, Any] = {"channels": (8, 8, 8, 8), "depth": 1, "gain": 8.0, "scales": (2,), "cell": 8}
    with pytest.raises(CheckpointError, match="codes of 5 numbers"):
        model.refine(picture, refiner=new_refiner(**shape, code_dim=5))
    own = model.parts.tokenizer.model.quantize.codebook
    for codes, fits in ((own[:3], True), (own[:3].bfloat16(), True), (own[1:4], False)):
        other = new_refiner(**shape, code_dim=own.shape[1], codes=codes.tolist())
        if fits:
            assert model.refine(picture, refiner=other).images[0].size == (288, 160)
        else:
            with pytest.raises(CheckpointError, match="trained on other codes"):
                model.refine(picture, refiner=other)
            other.save_pretrained(tmp_path)
            assert model.parts.refiner is not None
            run = dataclasses.replace(
                run_in(model.parts.refiner.parent.parent), start=str(tmp_path), channels=(8, 8, 8, 8), scales=(2,)
            )
            with pytest.raises(ConfigError, match="trained with other codes"):
                train_refiner(run, tmp_path / "run")


def test_a_saved_model_without_one_leaves_none_behind(model: AnyVL, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    AnyVL(dataclasses.replace(model.parts, refiner=None)).save_pretrained(tmp_path)
    assert AnyVL.from_pretrained(tmp_path).parts.refiner is None and not (tmp_path / "refiner").exists()
    assert AnyVL.from_pretrained(tmp_path).info()["refiner_scales"] == []


def test_a_callback_sees_the_steps_and_stops_them(model: AnyVL, picture: np.ndarray) -> None:
    steps: list[tuple[int, int]] = []
    model.refine([picture, picture], num_inference_steps=2, callback_on_step_end=lambda *told: steps.append(told))
    assert steps == [(1, 0), (2, 0), (1, 1), (2, 1)]
    shown: list[tuple[int, Any]] = []
    found = model.refine(
        [picture, picture], seed=1, num_inference_steps=4, preview=lambda image, done: shown.append((done, image))
    ).images
    assert [done for done, _ in shown] == [0] * 4 + [1] * 4
    assert [image for _, image in shown[3::4]] == found and shown[0][1] != found[0]
    looks: list[tuple[int, int]] = []

    def stop(step: int, done: int) -> bool:
        looks.append((step, done))
        return len(looks) == 3

    with pytest.raises(StoppedError, match="stopped the refiner"):  # at a tile, in the only step
        model.refine(picture, tile=96, callback_on_step_end=stop)
    assert looks == [(1, 0), (2, 0), (3, 0)]


def test_mistakes_teach(model: AnyVL, picture: np.ndarray) -> None:
    without = AnyVL(dataclasses.replace(model.parts, refiner=None, decoder=random_decoder(model.kit, size=32)))
    with pytest.raises(CheckpointError, match="no refiner of its own"):
        without.refine(picture)
    for settings, said in (
        ({"scale": 2, "mask": (1, 1, 5, 5)}, "leave out scale, which is 2"),
        ({"scale": 0}, "scale 0 came"),
        ({"scale": 1}, "scale 1 came"),
        ({"scale": 1000}, "million in all"),
        ({"strength": 0.3}, "no prompt and no strength"),
        ({"mask": [(1, 1, 5, 5), (1, 1, 9, 9)]}, "2 came"),
        ({"mask": np.zeros((40, 72), bool)}, "nothing to paint: the mask is nowhere white"),
        ({"tile": 256, "refiner": upscaler()}, "for a refiner of ours"),
        ({"scheduler": "UniPCMultistepScheduler", "refiner": upscaler()}, "for a refiner of ours"),
    ):
        with pytest.raises(InputError, match=said):
            model.refine(picture, **settings)
    with pytest.raises(UnknownNameError, match="unknown scheduler 'Unipc'"):
        model.refine(picture, scheduler="Unipc")
