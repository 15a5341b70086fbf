"""What all tests share. Import nothing of anyvl up here: the import hook that checks shapes must see it first."""

import os
from typing import Any

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


@pytest.fixture(scope="session")
def small_parts() -> Any:
    """The parts of a tiny random model (`anyvl.checkpoint.Parts`) that knows a few words."""
    import torch

    from anyvl.checkpoint import Parts
    from anyvl.codecs import Kit, TextTokenizer
    from anyvl.evaluation.laws import random_decoder
    from anyvl.model.image_tokenizer import VQGANTokenizer
    from anyvl.model.vqgan import VQGAN, VQGANConfig
    from anyvl.vocabulary import Vocabulary

    torch.manual_seed(0)
    config = VQGANConfig(num_codes=64, stem=4, channels=(32, 32), norm_num_groups=8, latent_channels=8)
    tokenizer = VQGANTokenizer(VQGAN(config))
    text = TextTokenizer.train(["a red fox left of a palm tree", "segment the fox"], 300)
    vocabulary = Vocabulary(num_text=300, coordinate_bins=64, num_codes=64)
    kit = Kit(vocabulary=vocabulary, text=text, image=tokenizer, grids=((4, 4), (3, 5), (5, 3)))
    words = "a red fox the replace with cat star palm tree is it yes no what there depth instances cub of and"
    knows = {"things": ["fox", "cat", "star", "fox cub"], "words": words.split()}
    return Parts(decoder=random_decoder(kit, size=32), tokenizer=tokenizer, kit=kit, knows=knows)
