"""The configurations of the default and of the GPU's checkpoint follow on each other as scripts/train_default runs them."""

from pathlib import Path

import pytest

from anyvl import AnyVL
from anyvl.errors import CheckpointError
from anyvl.refiner import AnyVLRefinerPipeline
from anyvl.training import run

CONFIGS = Path(__file__).parents[2] / "configs"
WORLD = ("world.repertoire=first", "world.grids=((8, 10), (8, 8))")
SHORT = (*WORLD, "schedule.steps=2", "schedule.warmup=1", "precision=no")
PAINTER = (*SHORT, "batch=2", "model.norm_num_groups=4")
SMALL = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2,
         "num_key_value_heads": 1, "head_dim": 16, "max_position_embeddings": 1024}  # fmt: skip
READER = (
    *SHORT,
    f"model={SMALL}",
    "num_text=300",
    "sequences=4",
    "scenes=60",
    "compile=False",
    "workers=0",
    "row=1024",
    "plans_alone=0.5",
)
REFINER = (*SHORT, "depth=1", "batch=4", "cells=6")


def started(name: str, *settings: str, run_folder: str | None = None) -> None:
    assert run(CONFIGS / f"{name}.py", settings=settings, run_folder=run_folder), f"{name} was not finished"


@pytest.mark.parametrize("size", ["default", "gpu"])
def test_every_stage_starts_from_the_one_before(size: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("anyvl.training.train_decoder._SENTENCES", 500)
    cell = () if size == "default" else ("world.factor=16", "world.lattice=16")
    stages = "model.channels=(8, 8)" if size == "default" else "model.channels=(8, 8, 8)"
    started(f"vqgan_{size}", *PAINTER, stages)
    sharp = f"runs/vqgan_sharp_{size}"
    start = f"start=runs/vqgan_{size}/model/image_tokenizer"
    started("vqgan_sharp", *SHORT, *cell, "batch=2", start, run_folder=sharp)
    codes = f"image_tokenizer={sharp}/model/image_tokenizer"
    last = f"decoder_{size}"
    started(last, *READER, codes)
    if size == "default":
        last = "decoder_last"
        started(last, *READER, codes, "mixture.planned_image=0.5", "painted=0.5")
    model = AnyVL.from_pretrained(f"runs/{last}/model")
    assert model.parts.plans == (size == "default")  # which has painted more to plans than at once here
    assert ("listing" in model.parts.tasks) == (size == "default")  # whose second stretch learns to look
    assert model.generate("a red circle", seed=0).images[0].size == ((64, 64) if size == "default" else (128, 128))
    if size == "default":
        started("refiner_default", *REFINER)
        assert AnyVLRefinerPipeline.from_pretrained("runs/refiner_default/model").scales == (2, 4)
        index = Path("runs/decoder_last/model/model_index.json")
        index.write_text(index.read_text().replace('"language_version": 2', '"language_version": 1'))
        with pytest.raises(CheckpointError, match="language version 1"):
            started("decoder_last", *READER, codes)
