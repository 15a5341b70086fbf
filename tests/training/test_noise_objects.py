"""Noise objects are a matter of detection: without it they would be promised and not learnt."""

from pathlib import Path

import pytest

from anyvl.errors import ConfigError
from anyvl.training import DecoderRun, Schedule
from anyvl.training.train_decoder import train_decoder


def test_noise_objects_without_detection_are_refused(tmp_path: Path) -> None:
    run = DecoderRun(
        schedule=Schedule(steps=1, rate=1e-3), image_tokenizer="nowhere", mixture={"captioning": 1.0}, noise_objects=5
    )
    with pytest.raises(ConfigError, match="no detection"):
        train_decoder(run, tmp_path)
