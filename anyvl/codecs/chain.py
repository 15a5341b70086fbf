"""Chains: several values one after another, such as where to change a picture and the picture afterwards."""

from typing import Any

from anyvl.codecs.codec import Codec, Kit
from anyvl.errors import InputError
from anyvl.grammar.automaton import compile_grammar
from anyvl.grammar.terms import Sequence, Term, Token
from anyvl.values import Frame


class Chain:
    """A tuple of values, one a codec: the ids of the first, then of the second, and so on.

    The answer of an edit is `Chain(Region(), Picture())`: `<polygon> ... <image> ... </image>`. What may follow a value
    must begin with an id that cannot continue it; compiling the grammar says so when it does not hold.
    """

    def __init__(self, *codecs: Codec) -> None:
        self.codecs = codecs

    def encode(self, value: tuple[Any, ...], kit: Kit, frame: Frame) -> list[int]:
        """The ids of one value for each codec, in order; InputError when their number differs."""
        if len(value) != len(self.codecs):
            raise InputError(f"a chain of {len(self.codecs)} codecs takes as many values, but {len(value)} came")
        return [id for codec, part in zip(self.codecs, value, strict=True) for id in codec.encode(part, kit, frame)]

    def decode(
        self, ids: list[int], kit: Kit, frame: Frame, probabilities: list[float] | None = None
    ) -> tuple[Any, ...]:
        """One value a codec."""
        values, start = [], 0
        for codec in self.codecs:
            # An automaton needs to see an end; <eos> stands for it and is never reached.
            automaton = compile_grammar(
                Sequence(codec.grammar(kit), Token(kit.vocabulary.control("eos"))), kit.vocabulary
            )
            end = start + automaton.trace(ids[start:]).taken
            part = None if probabilities is None else probabilities[start:end]
            values.append(codec.decode(ids[start:end], kit, frame, part))
            start = end
        assert start == len(ids), (start, len(ids))
        return tuple(values)

    def grammar(self, kit: Kit) -> Term:
        """The codecs' grammars, one after the other."""
        return Sequence(*(codec.grammar(kit) for codec in self.codecs))
