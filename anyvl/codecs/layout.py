"""Layouts: which things shall be where in a picture that is still to be painted."""

from collections.abc import Iterable

from anyvl.codecs.boxes import Boxes
from anyvl.codecs.codec import Kit
from anyvl.grammar.terms import Sequence, Term, Token
from anyvl.values import Frame, Instance


class Layout:
    """Named boxes behind a mark, `<plan> object*`: given by a user, or written by the model before it paints."""

    def encode(self, value: Iterable[Instance], kit: Kit, frame: Frame) -> list[int]:
        """The ids of instances by their boxes, as in `Boxes`."""
        return [kit.vocabulary.control("plan"), *Boxes().encode(value, kit, frame)]

    def decode(
        self, ids: list[int], kit: Kit, frame: Frame, probabilities: list[float] | None = None
    ) -> list[Instance]:
        """The instances in the order written."""
        return Boxes().decode(ids[1:], kit, frame, None if probabilities is None else probabilities[1:])

    def grammar(self, kit: Kit) -> Term:
        """The mark and any number of objects."""
        return Sequence(Token(kit.vocabulary.control("plan")), Boxes().grammar(kit))
