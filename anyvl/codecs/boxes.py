"""Boxes: named things by their upright boxes, largest first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from anyvl.codecs.codec import Kit
from anyvl.codecs.coordinates import bins_to_px, extent_to_bins, px_to_fine_bins
from anyvl.codecs.text import ids_to_text, text_to_ids
from anyvl.errors import ConfigError, InputError, UnknownNameError
from anyvl.grammar.rules import box_corners
from anyvl.grammar.terms import Phrases, Repeat, Sequence, Term, Text, Token
from anyvl.values import Box, Frame, Instance


@dataclass(frozen=True)
class Boxes:
    """Any number of named boxes, each `<object> <box> x0 y0 x1 y1 label </object>`, largest area first.

    `labels` is a closed set of names, or None for any words. In a picture 200 px high and 400 px wide with 1000 bins,
    a fox at (100, 50, 300, 150) is (a bin n written [n])

        <object> <box> [250] [250] [749] [749] f o x </object>

    Scores are read from probabilities: that of the `<object>` times those of the label's ids. With a `phrase`, boxes carry no
    names in ids: all are instances of it, the phrase that was asked for.
    """

    labels: tuple[str, ...] | None = None
    phrase: str | None = None

    def __post_init__(self) -> None:
        if self.labels is not None and self.phrase is not None:
            raise ConfigError("boxes have names of a closed set or are all of one phrase, but both came")
        if self.labels is not None and (not self.labels or not all(self.labels)):
            raise ConfigError(
                f"a closed set of labels holds at least one name and no empty one, but {self.labels} came"
            )

    def encode(self, value: Iterable[Instance], kit: Kit, frame: Frame) -> list[int]:
        """The ids of instances by their boxes, which are cut at the frame; their polygons and scores are not written.

        A box thinner than a bin becomes one bin thick; with a phrase, labels are not written. Raises InputError for a box that
        lies outside the frame, and UnknownNameError for a label outside the closed set.
        """
        vocabulary, written = kit.vocabulary, []
        for instance in value:
            if self.labels is not None and instance.label not in self.labels:
                raise UnknownNameError("label", instance.label, self.labels)
            x0, y0, x1, y1 = box_to_bins(instance.bounds, vocabulary.coordinate_bins, frame)
            ids = [vocabulary.control("object"), vocabulary.control("box")]
            ids += [vocabulary.coordinate(bin) for bin in (x0, y0, x1, y1)]
            ids += text_to_ids(instance.label, kit) if self.phrase is None else []
            ids.append(vocabulary.control("object_end"))
            written.append((-(x1 - x0) * (y1 - y0), y0, x0, ids))
        return [id for *_, ids in sorted(written) for id in ids]

    def decode(
        self, ids: list[int], kit: Kit, frame: Frame, probabilities: list[float] | None = None
    ) -> list[Instance]:
        """The instances in the order written, with score 1 when no probabilities are given."""
        vocabulary, instances, start = kit.vocabulary, [], 0
        for entry in entries(ids, kit):
            stop = start + len(entry)
            corners = [vocabulary.bin(id) for id in entry[CORNERS]]
            corners_px = bins_to_px(corners, vocabulary.coordinate_bins, frame)
            likely = [1.0] if probabilities is None else [probabilities[start], *probabilities[start + NAME : stop - 1]]
            label = ids_to_text(entry[NAME:-1], kit) if self.phrase is None else self.phrase
            box = Box(*corners_px.ravel().tolist())
            instances.append(Instance(label=label, score=float(np.prod(likely)), box=box, frame=frame))
            start = stop
        return instances

    def grammar(self, kit: Kit) -> Term:
        """Any number of objects; labels from the closed set, any text, or none where all are of one phrase."""
        label: Term = Sequence()
        if self.labels is None and self.phrase is None:
            label = Text(kit.text.token_bytes)
        elif self.labels is not None:
            label = Phrases(tuple(tuple(text_to_ids(name, kit)) for name in dict.fromkeys(self.labels)))
        return Repeat(entry_grammar(label, kit))


CORNERS, NAME = slice(2, 6), 6
"""Where in an entry its corners stand, and where its name begins."""
COORDINATES = CORNERS.stop - CORNERS.start
"""Of a box, right behind its mark."""


def entry_grammar(name: Term, kit: Kit) -> Term:
    """One entry of a list of boxes: `<object> <box> x0 y0 x1 y1 name </object>`."""
    return Sequence(
        Token(kit.vocabulary.control("object")),
        Token(kit.vocabulary.control("box")),
        box_corners(kit.vocabulary.coordinate_bins),
        name,
        Token(kit.vocabulary.control("object_end")),
    )


def are_corners(ids: list[int], kit: Kit) -> Bool[np.ndarray, "id"]:
    """Which ids of an answer, boxes or not, are the coordinates of a box."""
    begins = np.flatnonzero(np.array(ids) == kit.vocabulary.control("box"))
    corners = np.zeros(len(ids), dtype=bool)
    corners[(begins[:, None] + 1 + np.arange(COORDINATES)).ravel()] = True
    return corners


def entries(ids: list[int], kit: Kit) -> Iterator[list[int]]:
    """The ids of each entry, its marks included; what follows the last is left out."""
    end, start = kit.vocabulary.control("object_end"), 0
    for place, id in enumerate(ids):
        if id == end:
            yield ids[start : place + 1]
            start = place + 1


def box_to_bins(box: Box, bins: int, frame: Frame) -> list[int]:
    """The bins x0 y0 x1 y1 of a box cut at the frame, at least one bin apart; InputError when it lies outside."""
    near, far = px_to_fine_bins([box.as_tuple()[:2], box.as_tuple()[2:]], bins, frame)
    if (far <= 0).any() or (near >= bins - 1).any():
        raise InputError(
            f"the box {box.as_tuple()} lies outside its picture of height {frame.height}, width {frame.width}"
        )
    near_bin, far_bin = extent_to_bins(np.clip(near, 0, bins - 1), np.clip(far, 0, bins - 1), bins)
    return [*near_bin.tolist(), *far_bin.tolist()]
