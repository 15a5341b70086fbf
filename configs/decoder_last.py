"""The default decoder's last stretch, on two cores: questions, many about one picture, and pictures painted to a plan."""

import dataclasses
import runpy
from pathlib import Path

from anyvl.training.config import DecoderRun, Keeping, Schedule


def config() -> DecoderRun:
    default: DecoderRun = runpy.run_path(str(Path(__file__).with_name("decoder_default.py")))["config"]()
    return dataclasses.replace(
        default,
        start="runs/decoder_default/model",
        mixture={
            "text_to_image": 0.01,
            "planned_image": 0.22,
            "layout_to_image": 0.05,
            "image_editing": 0.12,
            "infilling": 0.01,
            "segmentation": 0.15,
            "detection": 0.03,
            "grounding": 0.18,
            "keypoints": 0.02,
            "captioning": 0.02,
            "grounded_captioning": 0.02,
            "description": 0.01,
            "question_answering": 0.13,
            "classification": 0.02,
            "dense_prediction": 0.01,
        },
        plans_alone=0.7,
        schedule=Schedule(steps=2_250, rate=6e-4, matrix_rate=0.005, warmup=100, decay=1.0, final=0.02, average=0.998),
        sequences=64,
        questions=16,
        length=1000,
        input_weight=0.05,
        scenes=4_000,
        fresh=8,
        keeping=Keeping(log_every=25, state_every=250, sheet_every=1000),
    )
