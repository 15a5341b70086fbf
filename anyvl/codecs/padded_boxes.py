"""Boxes, filled up to a number of entries with boxes of nothing (the sequence augmentation of Pix2Seq, Chen et al. 2022)."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from anyvl.codecs.boxes import CORNERS, NAME, Boxes, entries, entry_grammar
from anyvl.codecs.codec import Kit
from anyvl.errors import ConfigError
from anyvl.grammar.terms import Either, Repeat, Term, Text, Token
from anyvl.values import Frame, Instance

_LARGEST_SHIFT = 0.25
"""Half of the boxes of nothing are true ones, moved and stretched by up to this share of the picture; the others are any box."""


@dataclass(frozen=True)
class PaddedBoxes:
    """Named boxes as in `Boxes`, at least `length` entries long: behind the things come boxes of nothing.

    A model that was shown lists of all lengths ends them early. Here no list ends early: the model goes on to name places, and
    says of each what is there, or `<none>`. Nothing of the frame of a box of nothing is to be learnt, only that it is one
    (`to_learn`). With `length` 2, a fox and nothing are (a bin n written [n])

        <object> <box> [250] [250] [749] [749] f o x </object> <object> <box> [240] [270] [700] [720] <none> </object>
    """

    length: int

    def __post_init__(self) -> None:
        if self.length < 1:
            raise ConfigError(f"lists are filled up to one entry or more, but length {self.length} came")

    def encode(self, value: Iterable[Instance], kit: Kit, frame: Frame) -> list[int]:
        """The ids of the instances, largest first, and of boxes of nothing, which the instances alone decide."""
        vocabulary, ids = kit.vocabulary, Boxes().encode(value, kit, frame)
        true = [[vocabulary.bin(id) for id in entry[CORNERS]] for entry in entries(ids, kit)]
        rng = np.random.default_rng(zlib.crc32(repr(true).encode()))
        for _ in range(len(true), self.length):
            ids += [vocabulary.control("object"), vocabulary.control("box")]
            ids += [vocabulary.coordinate(bin) for bin in _of_nothing(true, vocabulary.coordinate_bins, rng)]
            ids += [vocabulary.control("none"), vocabulary.control("object_end")]
        return ids

    def decode(
        self, ids: list[int], kit: Kit, frame: Frame, probabilities: list[float] | None = None
    ) -> list[Instance]:
        """The instances in the order written, without the boxes of nothing; score 1 when no probabilities are given."""
        none, instances, start = kit.vocabulary.control("none"), [], 0
        for entry in entries(ids, kit):
            stop = start + len(entry)
            if entry[NAME] != none:
                likely = None if probabilities is None else probabilities[start:stop]
                instances += Boxes().decode(entry, kit, frame, likely)
            start = stop
        return instances

    def grammar(self, kit: Kit) -> Term:
        """`length` objects or more; behind the box of each any text, or `<none>`."""
        name = Either(Text(kit.text.token_bytes), Token(kit.vocabulary.control("none")))
        return Repeat(entry_grammar(name, kit), at_least=self.length)


def to_learn(ids: list[int], kit: Kit) -> Bool[np.ndarray, "token"]:
    """Which ids of an answer of boxes bear a loss: all but the corners of boxes of nothing; its end bears one too."""
    bears, start = np.ones(len(ids), dtype=bool), 0
    for entry in entries(ids, kit):
        bears[start : start + len(entry)][CORNERS] = entry[NAME] != kit.vocabulary.control("none")
        start += len(entry)
    return bears


def _of_nothing(true: list[list[int]], bins: int, rng: np.random.Generator) -> list[int]:
    """The bins x0 y0 x1 y1 of a box near a true one, or of any box."""
    if true and rng.random() < 0.5:
        reach = max(1, round(_LARGEST_SHIFT * bins))
        near = true[int(rng.integers(len(true)))] + rng.integers(-reach, reach + 1, 4)
    else:
        near = rng.integers(0, bins, 4)
    x0, x1, y0, y1 = (*np.sort(near[0::2].clip(0, bins - 1)), *np.sort(near[1::2].clip(0, bins - 1)))
    x0, y0 = min(x0, bins - 2), min(y0, bins - 2)
    return [int(x0), int(y0), int(max(x1, x0 + 1)), int(max(y1, y0 + 1))]
