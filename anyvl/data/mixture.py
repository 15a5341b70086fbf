"""Batches of packed sequences from a mixture of tasks: batch k is a function of (seed, k, rank) alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from anyvl.codecs import Kit
from anyvl.data.examples import make_sequence, sample_task
from anyvl.data.scenes.corpus import Corpus
from anyvl.sequence import TokenSequence, TokenTree, pack, stack
from anyvl.tasks import Task
from anyvl.tasks.detection import detection_codec

_STEP = 80
"""Lines whose lengths differ by less than this share rows of one width."""
_FORMS = (
    ("ids", np.int64),
    ("weights", np.float32),
    ("positions", np.int64),
    ("segments", np.int64),
    ("branches", np.int64),
)


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Tasks by weight over a corpus. A batch is `sequences` sequences, packed into rows of `length` ids, or of as many as the
    longest takes; they are about a window of `scenes` scenes, which moves on by `fresh` a step.

    Tasks that see a picture share it with up to `questions` - 1 others, as branches of one tree. Sequences of up to `line` ids
    that share nothing get rows of their own, among others of about their length: no mask is needed there. The other fields are
    as in `anyvl.training.config.DecoderRun`.
    """

    corpus: Corpus
    kit: Kit
    weights: dict[str, float] = field(default_factory=dict)
    scenes: int = 20_000
    fresh: int = 16
    sequences: int = 64
    length: int = 512
    line: int = 0
    questions: int = 4
    input_weight: float = 0.3
    length_power: float = 0.5
    drop: float = 0.1
    noise_objects: int = 0
    seed: int = 0

    def batch(self, step: int, rank: int = 0) -> Mapping[str, Tensor]:
        """Rows of ids by kind ("trees", or "lines 320" of up to 320 ids), each as `KIND.ids`, `.weights`, `.positions`,
        `.segments` and `.branches`, (row, token)."""
        rng = np.random.default_rng((self.seed, 3, step, rank))
        trees: list[TokenTree] = []
        asked: list[TokenSequence] = []
        scene = self._any_scene(step, rng)
        for _ in range(self.sequences):
            task = sample_task(self.weights, rng)
            if not task.sees_picture or task.hides_cells:  # nobody else asks about a picture with these holes
                trees.append(TokenTree.of([self._example(task, self._any_scene(step, rng), rng)]))
                continue
            question = self._example(task, scene, rng)
            if asked and (len(asked) == self.questions or len(TokenTree.of([*asked, question])) > self.length):
                trees.append(TokenTree.of(asked))
                scene, asked = self._any_scene(step, rng), []
                question = self._example(task, scene, rng)
            asked.append(question)
        trees += [TokenTree.of(asked)] if asked else []
        kinds: dict[str, list[TokenTree]] = {}
        for tree in trees:
            alone = len(tree) <= self.line and not tree.branches.any()
            kinds.setdefault(f"lines {-(-len(tree) // _STEP) * _STEP}" if alone else "trees", []).append(tree)
        pad_id = self.kit.vocabulary.control("eos")
        made: dict[str, Tensor] = {}
        for kind, members in sorted(kinds.items()):
            longest = max(map(len, members))
            if kind == "trees":  # one long example in a million must not end a training of hours
                rows = pack(members, max(self.length, longest), pad_id)
            else:
                rows = stack(members, longest, pad_id)
            made |= {f"{kind}.{name}": torch.from_numpy(getattr(rows, name).astype(form)) for name, form in _FORMS}
        return made

    def _any_scene(self, step: int, rng: np.random.Generator) -> int:
        return step * self.fresh + int(rng.integers(self.scenes))

    def _example(self, task: Task, scene: int, rng: np.random.Generator) -> TokenSequence:
        if task.name == "detection":
            task = replace(task, output=detection_codec(self.noise_objects))
        return make_sequence(
            task,
            self.corpus,
            scene,
            self.kit,
            rng,
            input_weight=self.input_weight,
            length_power=self.length_power,
            drop=self.drop,
        )


def rows_of(batch: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """A batch's tensors by the kind of row and by name."""
    rows: dict[str, dict[str, Tensor]] = {}
    for key, tensor in batch.items():
        kind, _, name = key.rpartition(".")
        rows.setdefault(kind, {})[name] = tensor
    return rows
