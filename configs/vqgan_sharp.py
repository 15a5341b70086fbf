"""The last stage of an image tokenizer: codes stay as they are, what is painted from them gets crisp edges."""

from anyvl.training.config import Keeping, Schedule, VQGANRun


def config() -> VQGANRun:
    return VQGANRun(
        start="runs/vqgan_default/model/image_tokenizer",
        keep_codes=True,
        adversarial_weight=0.02,
        feature_weight=0.3,
        return_weight=0.1,
        schedule=Schedule(steps=3000, rate=3e-4, warmup=200, decay=0.5, weight_decay=1e-4),
        keeping=Keeping(log_every=50, state_every=500, sheet_every=1000),
        seed=1,
    )
