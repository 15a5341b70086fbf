"""How likely branches are after a trunk: the same as from each whole sentence alone."""

import numpy as np
import torch

from anyvl.evaluation.laws import random_decoder, small_kit
from anyvl.generation import DecoderStepper


def test_likelihoods_are_those_of_each_sentence_alone() -> None:
    decoder, random = random_decoder(small_kit(), seed=3), np.random.default_rng(0)
    size = decoder.config.vocab_size
    trunk = random.integers(0, size, 7).tolist()
    branches = [random.integers(0, size, random.integers(1, 6)).tolist() for _ in range(150)]
    branches[1] = branches[0][:1]  # one may begin another
    found = DecoderStepper(decoder).likelihoods(trunk, branches)
    for branch, likely in zip(branches, found, strict=True):
        with torch.inference_mode():
            logs = decoder(torch.tensor([[*trunk, *branch]]))[0].log_softmax(-1)
        places = range(len(trunk) - 1, len(trunk) + len(branch) - 1)
        alone = sum(float(logs[place, id]) for place, id in zip(places, branch, strict=True))
        assert abs(likely - alone) < 1e-4 * max(1.0, abs(alone))
