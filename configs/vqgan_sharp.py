"""The last stage of an image tokenizer: codes mean what they meant, what is painted of them gets crisp and is read back."""

from anyvl.training.config import Keeping, Schedule, VQGANRun


def config() -> VQGANRun:
    return VQGANRun(
        start="runs/vqgan_default/model/image_tokenizer",
        keep_codes=True,
        adversarial_weight=0.02,
        feature_weight=0.3,
        return_weight=0.1,
        schedule=Schedule(steps=1600, rate=3e-4, warmup=100, decay=0.5, weight_decay=1e-4, average=0.99),
        keeping=Keeping(log_every=50, state_every=200, sheet_every=400),
        seed=1,
    )
