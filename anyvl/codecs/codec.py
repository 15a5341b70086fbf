"""What a codec is, and the kit of parts that every codec works with.

A codec owns one kind of value and three things about it, side by side: how it is written as token ids (`encode`), how
it is read back (`decode`), and which ids may stand where (`grammar`). For every value v

    grammar(kit) accepts encode(v, kit, frame)   and   decode(encode(v, kit, frame), kit, frame) ≈ v

where ≈ is: coordinates within half a bin (one bin where the thing is thinner than a bin), rings by IoU, text and
picture codes exactly.
"""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from anyvl.codecs.tokenizer import TextTokenizer
from anyvl.errors import ConfigError
from anyvl.grammar.terms import Term
from anyvl.values import Codes, Frame
from anyvl.vocabulary import Vocabulary


@runtime_checkable
class ImageTokenizer(Protocol):
    """Turns pictures into grids of codes and back; codecs know it by this face only, never by its framework."""

    def encode(self, picture: UInt8[np.ndarray, "height width 3"], rows: int, columns: int) -> Codes:
        """The codes of a picture resized to a grid of `rows` x `columns` cells."""
        ...

    def decode(self, codes: Codes) -> UInt8[np.ndarray, "height width 3"]:
        """The picture of a grid of codes, at the tokenizer's own size for that grid."""
        ...


@dataclass(frozen=True, kw_only=True)
class Kit:
    """The parts of one checkpoint that codecs need: its ids, its text and image tokenizers, its picture grids.

    `grids` are the trained (rows, columns) of picture codes. Without `image`, pictures can be given as `Codes` only.
    Raises ConfigError when the parts do not belong together.
    """

    vocabulary: Vocabulary
    text: TextTokenizer
    image: ImageTokenizer | None = None
    grids: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if self.text.size > self.vocabulary.num_text:
            raise ConfigError(
                f"the text tokenizer has {self.text.size} tokens, the vocabulary holds {self.vocabulary.num_text}: "
                f"make the vocabulary with num_text={self.text.size} or more"
            )
        longest = self.vocabulary.coordinate_bins - 1
        for rows, columns in self.grids:
            if not (1 <= rows <= longest and 1 <= columns <= longest):
                raise ConfigError(
                    f"a picture grid of {rows} x {columns} cells cannot be written: its counts are coordinate ids, "
                    f"so each lies between 1 and {longest}"
                )


@runtime_checkable
class Codec(Protocol):
    """One kind of value as token ids: see the module's docstring for the law every codec obeys."""

    def encode(self, value: Any, kit: Kit, frame: Frame) -> list[int]:
        """The ids of a value whose coordinates are in pixels of `frame`; InputError for what cannot be written."""
        ...

    def decode(self, ids: list[int], kit: Kit, frame: Frame, probabilities: list[float] | None = None) -> Any:
        """The value that `ids`, a sentence of the grammar, write down, in pixels of `frame`.

        `probabilities` are those of each id when it was drawn, for values that carry a score.
        """
        ...

    def grammar(self, kit: Kit) -> Term:
        """The term whose sentences are exactly what `decode` can read."""
        ...
