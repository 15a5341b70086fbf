"""The one owner of ids: text | control | coordinate | image, laid out one span after the other by computation.

    ids     0 …            text        pieces of text (local ids of the text tokenizer)
            then 128       control     `CONTROL_NAMES` in order; no grammar allows the slots behind them
            then bins      coordinate  one id a bin of a coordinate axis; counts are written with them too
            then codes     image       one id a code of the image tokenizer

Control has its 128 slots from the start, so that a new task moves no id. No other file holds an id or adds an offset.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, Int8

from anyvl.errors import CheckpointError, InputError, UnknownNameError

LANGUAGE_VERSION = 2
MODALITIES = ("text", "control", "coordinate", "image")
CONTROL_SLOTS = 128
# Frozen: a name keeps its slot for ever; new names go to the end.
CONTROL_NAMES = (
    "bos",
    "eos",
    "image",
    "image_end",
    "text",
    "text_end",
    "object",
    "object_end",
    "box",
    "polygon",
    "ring",
    "hole",
    "point",
    "none",
    "plan",
    "keypoint",
    "visible",
    "hidden",
    "mask",
)


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """Where each kind of id lies; frozen and hashable, so that compiled grammars can be cached by it.

    >>> vocabulary = Vocabulary(num_text=1000, coordinate_bins=64, num_codes=512)
    >>> vocabulary.size, vocabulary.control("bos"), vocabulary.coordinate(0), vocabulary.image_id(0)
    (1704, 1000, 1128, 1192)
    """

    num_text: int
    coordinate_bins: int
    num_codes: int

    def __post_init__(self) -> None:
        if self.num_text < 1 or self.num_codes < 0:
            raise InputError(f"a vocabulary needs text ids and no negative spans, but {self} came")
        if self.coordinate_bins < 8:  # below that a ring's rules could forbid every bin
            raise InputError(f"a vocabulary needs at least 8 coordinate bins, but {self.coordinate_bins} came")

    @property
    def text(self) -> range:
        return range(0, self.num_text)

    @property
    def control_span(self) -> range:
        return range(self.text.stop, self.text.stop + CONTROL_SLOTS)

    @property
    def coordinates(self) -> range:
        return range(self.control_span.stop, self.control_span.stop + self.coordinate_bins)

    @property
    def image(self) -> range:
        return range(self.coordinates.stop, self.coordinates.stop + self.num_codes)

    @property
    def size(self) -> int:
        return self.image.stop

    def text_id(self, piece: int) -> int:
        """The id of a local id of the text tokenizer."""
        return _at(self.text, piece, "piece of text")

    def text_piece(self, id: int) -> int:
        """The inverse of `text_id`."""
        return _within(self.text, id, "text")

    def control(self, name: str) -> int:
        """The id of a control name; UnknownNameError lists the names."""
        if name not in CONTROL_NAMES:
            raise UnknownNameError("control id", name, CONTROL_NAMES)
        return self.control_span[CONTROL_NAMES.index(name)]

    def coordinate(self, bin: int) -> int:
        """The id of a coordinate bin (or of a count)."""
        return _at(self.coordinates, bin, "coordinate bin")

    def bin(self, id: int) -> int:
        """The inverse of `coordinate`."""
        return _within(self.coordinates, id, "coordinate")

    def image_id(self, code: int) -> int:
        """The id of a code of the image tokenizer."""
        return _at(self.image, code, "image code")

    def code(self, id: int) -> int:
        """The inverse of `image_id`."""
        return _within(self.image, id, "image")

    def are_codes(self, ids: Sequence[int] | Int[np.ndarray, "token"]) -> Bool[np.ndarray, "token"]:
        """Which of the ids are image codes."""
        row = np.asarray(ids)
        return (row >= self.image.start) & (row < self.image.stop)

    def are_control(self, ids: Sequence[int] | Int[np.ndarray, "token"]) -> Bool[np.ndarray, "token"]:
        """Which of the ids are control ids."""
        row = np.asarray(ids)
        return (row >= self.control_span.start) & (row < self.control_span.stop)

    def modality_of(self, id: int) -> str:
        """One of `MODALITIES`."""
        for name, span in zip(MODALITIES, (self.text, self.control_span, self.coordinates, self.image), strict=True):
            if id in span:
                return name
        raise InputError(f"an id lies in 0..{self.size - 1}, but {id} came")

    def modalities(self) -> Int8[np.ndarray, "vocabulary"]:
        """For every id the number of its modality in `MODALITIES`."""
        sizes = [len(span) for span in (self.text, self.control_span, self.coordinates, self.image)]
        return np.repeat(np.arange(len(MODALITIES), dtype=np.int8), sizes)

    def describe(self, id: int) -> str:
        """An id in words, for messages: `<box>`, `coordinate 17`, `code 3`, `text 99`.

        Angle brackets stand for control ids alone; a closing one is written `</box>`.
        """
        modality = self.modality_of(id)
        if modality == "control":
            slot = id - self.control_span.start
            name = CONTROL_NAMES[slot] if slot < len(CONTROL_NAMES) else f"unused {slot}"
            return f"</{name.removesuffix('_end')}>" if name.endswith("_end") else f"<{name}>"
        if modality == "text":
            return f"text {self.text_piece(id)}"
        return f"coordinate {self.bin(id)}" if modality == "coordinate" else f"code {self.code(id)}"

    def layout(self) -> dict[str, Any]:
        """What a checkpoint stores, as plain JSON: version, size of each span, control names in order."""
        return {
            "language_version": LANGUAGE_VERSION,
            "spans": {
                "text": self.num_text,
                "control": CONTROL_SLOTS,
                "coordinate": self.coordinate_bins,
                "image": self.num_codes,
            },
            "control_names": list(CONTROL_NAMES),
        }

    @classmethod
    def from_layout(cls, layout: dict[str, Any]) -> "Vocabulary":
        """The vocabulary of a stored layout; CheckpointError when its ids mean something else than ours.

        A checkpoint that knows fewer control names is fine as long as they are the first of ours: its later slots are
        unused.
        """
        version = layout.get("language_version") if isinstance(layout, dict) else None
        if version not in (None, LANGUAGE_VERSION):
            raise CheckpointError(
                f"the checkpoint speaks language version {version}, this anyvl version {LANGUAGE_VERSION}: "
                "use the release of anyvl that wrote it"
            )
        try:
            _, spans, names = layout["language_version"], layout["spans"], list(layout["control_names"])
            vocabulary = cls(num_text=spans["text"], coordinate_bins=spans["coordinate"], num_codes=spans["image"])
            slots = spans["control"]
        except (KeyError, TypeError) as error:
            raise CheckpointError(f"the layout of the vocabulary lacks or garbles {error}: it cannot be read") from None
        if slots != CONTROL_SLOTS or names != list(CONTROL_NAMES[: len(names)]):
            raise CheckpointError(
                f"the checkpoint's control names {names} in {slots} slots are not the first of ours, "
                f"{list(CONTROL_NAMES)} in {CONTROL_SLOTS} slots: use the release of anyvl that wrote it"
            )
        return vocabulary


def _at(span: range, index: int, what: str) -> int:
    if not 0 <= index < len(span):
        raise InputError(f"a {what} lies in 0..{len(span) - 1} here, but {index} came")
    return span[int(index)]


def _within(span: range, id: int, what: str) -> int:
    if not span.start <= id < span.stop:
        raise InputError(f"an id of the {what} span lies in {span.start}..{span.stop - 1}, but {id} came")
    return int(id) - span.start
