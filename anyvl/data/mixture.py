"""Batches of packed sequences from a mixture of tasks: batch k is a function of (seed, k, rank) alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from anyvl.codecs import Kit
from anyvl.data.examples import make_sequence, sample_task
from anyvl.data.scenes.corpus import Corpus
from anyvl.sequence import pack


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Tasks by weight over a corpus. A batch is `sequences` sequences, packed into rows of `length` ids."""

    corpus: Corpus
    kit: Kit
    weights: dict[str, float] = field(default_factory=dict)
    sequences: int = 64
    length: int = 512
    input_weight: float = 0.3
    drop: float = 0.1
    seed: int = 0

    def batch(self, step: int, rank: int = 0) -> Mapping[str, Tensor]:
        """ids, weights, positions, segments of the packed rows, each (row, token)."""
        rng = np.random.default_rng((self.seed, 3, step, rank))
        sequences = [
            make_sequence(
                sample_task(self.weights, rng),
                self.corpus,
                int(rng.integers(len(self.corpus))),
                self.kit,
                rng,
                input_weight=self.input_weight,
                drop=self.drop,
            )
            for _ in range(self.sequences)
        ]
        rows = pack(sequences, self.length, pad_id=self.kit.vocabulary.control("eos"))
        return {
            name: torch.from_numpy(getattr(rows, name).astype(kind))
            for name, kind in (
                ("ids", np.int64),
                ("weights", np.float32),
                ("positions", np.int64),
                ("segments", np.int64),
            )
        }
