"""Batches of sequences from a mixture of tasks: batch k is a function of (seed, k, rank) alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from anyvl.codecs import Kit
from anyvl.data.examples import make_sequence, sample_task
from anyvl.data.lists import listed_with_slips
from anyvl.data.paintings import Paintings
from anyvl.data.scenes.corpus import Corpus
from anyvl.sequence import Rows, TokenSequence, TokenTree, by_length
from anyvl.tasks import Task
from anyvl.tasks.detection import detection_codec
from anyvl.tasks.image_editing import IMAGE_EDITING
from anyvl.values import Instance

_STEP = 100
"""Trees whose lengths differ by less than this stand side by side."""
_FORMS = (
    ("ids", np.int64),
    ("weights", np.float32),
    ("positions", np.int64),
    ("branches", np.int64),
)


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Tasks by weight over a corpus. A batch is `sequences` sequences about a window of `scenes` scenes, which moves on by
    `fresh` a step.

    Tasks that see a picture share it with up to `questions` - 1 others, as branches of one tree of at most `length` ids. looks:
    those that look first share a list of what is in it besides (`anyvl.data.lists`). paintings: where a share of `painted` of
    these pictures is from. The other fields are as in `anyvl.training.config.DecoderRun`.
    """

    corpus: Corpus
    kit: Kit
    weights: dict[str, float] = field(default_factory=dict)
    scenes: int = 20_000
    fresh: int = 16
    stripes: int = 1
    sequences: int = 64
    length: int = 512
    questions: int = 4
    input_weight: float = 0.3
    length_power: float = 0.5
    drop: float = 0.1
    plans_alone: float = 0.0
    looks: bool = False
    paintings: Paintings | None = None
    painted: float = 0.0
    noise_objects: int = 0
    row: int = 0
    seed: int = 0

    def batch(self, step: int, rank: int = 0) -> Mapping[str, Tensor]:
        """Rows of ids by kind, as `side_by_side` makes them, or `packed` where `row` says how long rows are."""
        rng = np.random.default_rng((self.seed, 3, step, rank))
        trees: list[TokenTree] = []
        # The pictures that are asked about, by whether the questions come behind a list.
        shown = {looks: self._shown(step, rng, looks) for looks in ((False, True) if self.looks else (False,))}
        for _ in range(self.sequences):
            task = sample_task(self.weights, rng)
            if not task.sees_picture or task.hides_cells:  # nobody else asks about a picture with these holes
                trees.append(TokenTree.of([self._example(task, self._any_scene(step, rng), rng)]))
                continue
            looks = self.looks and task.looks
            picture = shown[looks]
            question = self._question(task, picture, rng)
            asked = [*picture.asked, question]
            if len(asked) > 1 and (len(asked) > self.questions or len(TokenTree.of(asked)) > self.length):
                trees.append(TokenTree.of(picture.asked))
                picture = shown[looks] = self._shown(step, rng, looks)
                question = self._question(task, picture, rng)
            picture.asked.append(question)
        trees += [TokenTree.of(picture.asked) for picture in shown.values() if picture.asked]
        pad = self.kit.vocabulary.control("eos")
        return packed(trees, self.row, pad) if self.row else side_by_side(trees, pad)

    def _any_scene(self, step: int, rng: np.random.Generator) -> int:
        block, place = divmod(step * self.fresh + int(rng.integers(self.scenes)), self.corpus.span)
        return (block + (step - block) % self.stripes) * self.corpus.span + place

    def _shown(self, step: int, rng: np.random.Generator, looks: bool) -> "_Shown":
        scene = self._any_scene(step, rng)
        listed = listed_with_slips(self.corpus, scene, rng) if looks else None
        return _Shown(scene=scene, listed=listed, painted=self.paintings is not None and rng.random() < self.painted)

    def _question(self, task: Task, picture: "_Shown", rng: np.random.Generator) -> TokenSequence:
        """A question about a picture; an edit is of the painted one only where it is known what to paint beside things."""
        paintings, known = self.paintings, task is not IMAGE_EDITING
        painted = picture.painted and paintings is not None and (known or paintings.keeps_ground(picture.scene))
        return self._example(task, picture.scene, rng, picture.listed, paintings if painted else None)

    def _example(
        self,
        task: Task,
        scene: int,
        rng: np.random.Generator,
        listed: list[Instance] | None = None,
        corpus: Corpus | None = None,
    ) -> TokenSequence:
        if task.name == "detection":
            task = replace(task, output=detection_codec(self.noise_objects))
        return make_sequence(
            task,
            corpus or self.corpus,
            scene,
            self.kit,
            rng,
            input_weight=self.input_weight,
            length_power=self.length_power,
            drop=self.drop,
            plans_alone=self.plans_alone,
            listed=listed,
        )


@dataclass(kw_only=True)
class _Shown:
    """A scene, drawn or painted, with the questions about it so far, and the list that they come behind, if they do."""

    scene: int
    listed: list[Instance] | None
    painted: bool
    asked: list[TokenSequence] = field(default_factory=list)


def side_by_side(trees: Iterable[TokenTree], pad_id: int) -> Mapping[str, Tensor]:
    """A batch of trees: rows of about equal length, as `KIND.ids`, `.weights`, `.positions` and `.branches`, (row, token).

    "lines 378" are rows of up to 378 ids without branches, for which causal attention needs no mask; "trees 512" have them.
    """
    kinds: dict[str, list[TokenTree]] = {"lines": [], "trees": []}
    for tree in trees:
        kinds["trees" if tree.branches.any() else "lines"].append(tree)
    batch: dict[str, Tensor] = {}
    for kind, members in kinds.items():
        for group in by_length(members, _STEP):
            batch |= _tensors(kind, Rows.of(group, pad_id), _FORMS)
    return batch


def packed(trees: Sequence[TokenTree], length: int, pad_id: int) -> Mapping[str, Tensor]:
    """A batch of trees, several in a row of `length` ids: one kind, "packed 768", that has `.owners` besides."""
    return _tensors("packed", Rows.packed(trees, length, pad_id), (*_FORMS, ("owners", np.int64)))


def _tensors(kind: str, rows: Rows, forms: Iterable[tuple[str, type]]) -> dict[str, Tensor]:
    length = rows.ids.shape[1]
    return {f"{kind} {length}.{name}": torch.from_numpy(getattr(rows, name).astype(form)) for name, form in forms}


def rows_of(batch: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """A batch's tensors by the kind of row and by name."""
    rows: dict[str, dict[str, Tensor]] = {}
    for key, tensor in batch.items():
        kind, _, name = key.rpartition(".")
        rows.setdefault(kind, {})[name] = tensor
    return rows


def count_ids(batch: Mapping[str, Tensor]) -> int:
    """How many ids a batch holds, without what fills up its rows."""
    return sum(int((rows["branches"] >= 0).sum()) for rows in rows_of(batch).values())
