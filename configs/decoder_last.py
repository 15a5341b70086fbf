"""The default decoder's second stretch: it learns to look before it answers, and paints and edits more surely.

880 million ids: 12 minutes on one H200 that found its scenes encoded and kept its rows, to learn each 3.6 times
(`docs/default-training.md`); five days on two cores.
"""

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
            "text_to_image": 0.15,
            "planned_image": 0.06,
            "layout_to_image": 0.03,
            "image_editing": 0.18,
            "infilling": 0.02,
            "segmentation": 0.15,
            "listing": 0.08,
            "detection": 0.03,
            "grounding": 0.08,
            "keypoints": 0.04,
            "captioning": 0.04,
            "grounded_captioning": 0.02,
            "description": 0.02,
            "question_answering": 0.10,
            "classification": 0.02,
            "dense_prediction": 0.01,
        },
        plans_alone=0.4,
        schedule=Schedule(
            steps=13_900, rate=2e-3, matrix_rate=0.018, warmup=100, decay=0.75, final=0.015, average=0.998
        ),
        sequences=296,
        input_weight=0.1,
        scenes=126_720,
        keeping=Keeping(log_every=50, state_every=250, sheet_every=1000),
        seed=11,
    )
