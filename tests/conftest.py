"""What all tests share. Import nothing of anyvl up here: the import hook that checks shapes must see it first."""

import os

import hypothesis
import numpy as np
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# No deadline: two workers share the cores, so the time of one example says nothing about the code.
hypothesis.settings.register_profile("anyvl", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("anyvl")


@pytest.fixture
def picture() -> np.ndarray:
    """A picture of 40×72 px (height × width, so that exchanged axes show) whose every pixel is different."""
    rows, columns = np.mgrid[:40, :72]
    return np.stack([rows * 6, columns * 3, (rows * 72 + columns) % 251], axis=-1).astype(np.uint8)
