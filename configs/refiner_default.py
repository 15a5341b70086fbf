"""The default checkpoint's refiner: pictures of about 128 px to 2 and 4 times their size."""

from anyvl.training.config import Keeping, RefinerRun, Schedule


def config() -> RefinerRun:
    return RefinerRun(
        image_tokenizer="runs/decoder_last/model/image_tokenizer",
        decoder="runs/decoder_last/model",
        slips=0.25,
        schedule=Schedule(
            steps=8_000, rate=1e-3, matrix_rate=0.01, warmup=200, decay=0.5, weight_decay=1e-4, average=0.998
        ),
        keeping=Keeping(log_every=50, state_every=500, sheet_every=1000),
    )
