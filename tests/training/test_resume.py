"""A killed training goes on as if it had never stopped: weights and log equal an unbroken run's, bit for bit."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.numpy import load_file

ROOT = Path(__file__).parents[2]
_RUN = "import sys; from anyvl.training import run; run(sys.argv[1], run_folder=sys.argv[2])"
_KILLS = 5
_TINY = {
    "vqgan": """
from anyvl.training import Keeping, Schedule, VQGANRun, WorldConfig
def config():
    return VQGANRun(model=dict(num_codes=32, stem=4, channels=(32, 32), norm_num_groups=8, latent_channels=8),
        schedule=Schedule(steps=100, rate=1e-3, warmup=5, average=0.9), batch=2,
        world=WorldConfig(repertoire="first", grids=((8, 8),)),
         revive_every=8, precision="no",
        keeping=Keeping(log_every=2, state_every=4, sheet_every=1000))
""",
    "decoder": """
from anyvl.training import DecoderRun, Keeping, Schedule, WorldConfig
def config():
    return DecoderRun(image_tokenizer="{tokenizer}", mixture=dict(text_to_image=1, image_editing=1, segmentation=1, captioning=1),
        model=dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
                   head_dim=16, max_position_embeddings=512),
        schedule=Schedule(steps=60, rate=1e-3, warmup=5, average=0.9), scenes=24, fresh=2, sequences=4,
        world=WorldConfig(repertoire="first", grids=((8, 8),)), num_text=300, precision="no",
        keeping=Keeping(log_every=2, state_every=4, sheet_every=1000))
""",
    "refiner": """
from anyvl.training import Keeping, RefinerRun, Schedule, WorldConfig
def config():
    return RefinerRun(image_tokenizer="{tokenizer}", channels=(8, 8, 8, 16), depth=1,
        batch=4, cells=4, uses=3,
        schedule=Schedule(steps=80, rate=1e-3, warmup=5, average=0.9),
        world=WorldConfig(repertoire="first", grids=((8, 8), (6, 8))), precision="no",
        keeping=Keeping(log_every=2, state_every=4, sheet_every=1000))
""",
}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    _start(_config("vqgan", folder, folder), folder / "run").wait()
    return folder / "run" / "model" / "image_tokenizer"


@pytest.mark.parametrize("network", ["vqgan", "decoder", "refiner"])
def test_killed_runs_equal_unbroken_ones(network: str, tokenizer: Path, tmp_path: Path) -> None:
    config = _config(network, tmp_path, tokenizer)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert _start(config, whole).wait() == 0
    dice = random.Random(7)
    for _ in range(_KILLS):
        process = _start(config, broken)
        enough, later = _lines(broken) + dice.randint(2, 4), dice.random() * 0.1
        while process.poll() is None and _lines(broken) < enough:
            time.sleep(0.01)
        time.sleep(later)  # anywhere between two lines, in the middle of a save too
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "the run ended before it was killed: give it more steps"
    assert _start(config, broken).wait() == 0
    assert (broken / "log.jsonl").read_bytes() == (whole / "log.jsonl").read_bytes()
    one, other = (load_file(folder / "state.safetensors") for folder in (broken, whole))
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert value.tobytes() == other[name].tobytes(), name


def _config(network: str, folder: Path, tokenizer: Path) -> Path:
    path = folder / f"{network}.py"
    path.write_text(_TINY[network].replace("{tokenizer}", str(tokenizer)))
    return path


def _start(config: Path, folder: Path) -> "subprocess.Popen[bytes]":
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", _RUN, str(config), str(folder)]
    return subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _lines(folder: Path) -> int:
    log = folder / "log.jsonl"
    return len(log.read_text().splitlines()) if log.exists() else 0
