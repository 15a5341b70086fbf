"""The last stage of the default checkpoint's refiner: what it paints gets crisp under the eyes of a critic."""

from anyvl.training.config import Keeping, RefinerRun, Schedule


def config() -> RefinerRun:
    return RefinerRun(
        image_tokenizer="runs/decoder_last/model/image_tokenizer",
        decoder="runs/decoder_last/model",
        start="runs/refiner_default/model",
        slips=0.25,
        pure_noise=0.75,
        adversarial_weight=0.6,
        feature_weight=6.0,
        schedule=Schedule(
            steps=2_000, rate=5e-4, matrix_rate=0.003, warmup=100, decay=0.5, weight_decay=1e-4, average=0.99
        ),
        keeping=Keeping(log_every=50, state_every=250, sheet_every=500),
        seed=1,
    )
