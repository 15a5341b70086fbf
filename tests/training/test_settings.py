"""A setting changes one field of a run and nothing else; one that no run has is refused."""

import dataclasses
from pathlib import Path

import pytest

from anyvl.errors import ConfigError
from anyvl.training.config import DecoderRun, load_run
from anyvl.training.train_decoder import _paintings

CONFIG = Path(__file__).parents[2] / "configs" / "decoder_default.py"


def run(*settings: str) -> DecoderRun:
    loaded = load_run(CONFIG, settings)
    assert isinstance(loaded, DecoderRun)
    return loaded


def test_a_setting_changes_its_field_alone():
    plain, changed = run(), run("schedule.steps=9", "mixture.infilling=0.5")
    assert changed.schedule.steps == 9 and changed.mixture["infilling"] == 0.5
    schedule = dataclasses.replace(plain.schedule, steps=9)
    assert changed == dataclasses.replace(plain, schedule=schedule, mixture={**plain.mixture, "infilling": 0.5})


def test_none_is_none_where_a_field_may_be_none():
    assert run("start=runs/a").start == "runs/a" and run("start=runs/a", "start=None").start is None
    assert run("image_tokenizer=None").image_tokenizer == "None"


@pytest.mark.parametrize("setting", ["schedule.step=9", "seed", "seed=one", "seed=None", "seed.more=1"])
def test_a_setting_that_no_run_has_is_refused(setting):
    with pytest.raises(ConfigError):
        run(setting)


def test_painted_pictures_need_weights_that_paint_to_layouts(small_parts):
    for start in (None, dataclasses.replace(small_parts, tasks=("captioning",))):
        with pytest.raises(ConfigError, match="start"):
            _paintings(run("painted=0.5"), run().world.world(), start, small_parts.tokenizer)
    assert _paintings(run(), run().world.world(), None, small_parts.tokenizer) is None
