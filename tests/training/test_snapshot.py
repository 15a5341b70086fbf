"""A snapshot holds the run's weights in small files, and takes another image tokenizer only where its codes are the run's."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from anyvl.checkpoint import Parts, load_parts, save_parts
from anyvl.errors import CheckpointError
from anyvl.evaluation.laws import random_decoder, small_kit
from anyvl.model.image_tokenizer import VQGANTokenizer, save_image_tokenizer
from anyvl.model.vqgan import VQGAN, VQGANConfig
from anyvl.training.snapshot import snapshot


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run whose last export is a tiny model."""
    torch.manual_seed(3)
    kit = small_kit()
    config = VQGANConfig(
        num_codes=32, stem=4, channels=(16, 16), latent_channels=8, code_dim=8, norm_num_groups=4, cellwise=True
    )
    tokenizer = VQGANTokenizer(VQGAN(config).eval())
    parts = Parts(
        decoder=random_decoder(kit, size=512), tokenizer=tokenizer, kit=dataclasses.replace(kit, image=tokenizer),
        knows={"things": ["fox"]}, tasks=("captioning",), lattice=8,
    )  # fmt: skip
    save_parts(parts, tmp_path / "run" / "model", torch.float32)
    return tmp_path / "run"


def test_a_refiner_is_put_into_it(run: Path, tmp_path: Path) -> None:
    (tmp_path / "refiner").mkdir()
    (tmp_path / "refiner" / "model_index.json").write_text("{}")
    snapshot(run, tmp_path / "out", refiner=tmp_path / "refiner")
    assert load_parts(tmp_path / "out").refiner == tmp_path / "out" / "refiner"
    assert (tmp_path / "out" / "refiner" / "model_index.json").read_text() == "{}"


def test_it_is_the_run_in_bf16_in_small_files(run: Path, tmp_path: Path) -> None:
    files = snapshot(run, tmp_path / "out", mib=1)
    whole, small = load_parts(run / "model"), load_parts(tmp_path / "out")
    assert (small.knows, small.tasks, small.lattice) == (whole.knows, whole.tasks, 8)
    for name, weight in whole.decoder.state_dict().items():
        assert torch.equal(small.decoder.state_dict()[name], weight.bfloat16().float())
    shards = [path.stat().st_size for path in files if path.parent.name == "decoder" and path.suffix == ".safetensors"]
    assert len(shards) > 1 and max(shards) < 2**20 + 4096


def test_8_bits_are_asked_for(run: Path, tmp_path: Path) -> None:
    snapshot(run, tmp_path / "out", int8=True)
    whole, small = (load_parts(folder).decoder.state_dict() for folder in (run / "model", tmp_path / "out"))
    norm, matrix = "model.norm.weight", "model.layers.0.mlp.up_proj.weight"
    assert torch.equal(small[norm], whole[norm].bfloat16().float())
    assert not torch.equal(small[matrix], whole[matrix].bfloat16().float())
    assert "quantization_config" in (tmp_path / "out" / "decoder" / "config.json").read_text()


def test_it_says_how_the_model_paints_where_nothing_is_said(run: Path, tmp_path: Path) -> None:
    assert (load_parts(run / "model").candidates, load_parts(run / "model").plans) == (1, False)
    save_parts(dataclasses.replace(load_parts(run / "model"), plans=True), run / "model", torch.float32)
    snapshot(run, tmp_path / "out", candidates=4)
    assert (load_parts(tmp_path / "out").candidates, load_parts(tmp_path / "out").plans) == (4, True)


def test_a_tokenizer_that_paints_the_same_codes_better_takes_the_old_ones_place(run: Path, tmp_path: Path) -> None:
    parts = load_parts(run / "model")
    better = parts.tokenizer.model
    with torch.no_grad():
        better.decoder.conv_out.bias += 1.0
    save_image_tokenizer(better, tmp_path / "better")
    snapshot(run, tmp_path / "out", tokenizer=tmp_path / "better")
    picture = np.random.default_rng(0).integers(256, size=(24, 16, 3), dtype=np.uint8)
    old, new = load_parts(run / "model"), load_parts(tmp_path / "out")
    codes = old.tokenizer.encode(picture, 3, 2)
    assert new.tokenizer.encode(picture, 3, 2) == codes and new.kit.image is new.tokenizer
    assert (new.tokenizer.decode(codes) != old.tokenizer.decode(codes)).any()


def test_a_tokenizer_of_other_codes_is_refused(run: Path, tmp_path: Path) -> None:
    for name in ("quantize.codebook", "encoder.embed.weight"):
        model = load_parts(run / "model").tokenizer.model
        model.state_dict()[name].add_(0.5)
        save_image_tokenizer(model, tmp_path / "other")
        with pytest.raises(CheckpointError, match="other codes than those the run has learnt"):
            snapshot(run, tmp_path / "out", tokenizer=tmp_path / "other")
    assert not (tmp_path / "out").exists()
