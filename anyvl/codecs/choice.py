"""A choice: one name of a closed set, which is all that the grammar lets through."""

from dataclasses import dataclass

from anyvl.codecs.codec import Kit
from anyvl.codecs.text import ids_to_text, text_to_ids
from anyvl.errors import ConfigError, UnknownNameError
from anyvl.grammar.terms import Phrases, Sequence, Term, Token
from anyvl.values import Frame


@dataclass(frozen=True)
class Choice:
    """One of `options`, written as the words it is: `<text> ids </text>`, so that a closed answer reads like an open one.

    Of the options "fox" and "fox cub", "fox" is `<text>`, the text ids of "fox", `</text>`.
    """

    options: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.options or not all(self.options):
            raise ConfigError(f"a closed set holds at least one option and no empty one, but {self.options} came")

    def encode(self, value: str, kit: Kit, frame: Frame) -> list[int]:
        """The ids of an option; UnknownNameError for anything else."""
        if value not in self.options:
            raise UnknownNameError("option", value, self.options)
        return [kit.vocabulary.control("text"), *text_to_ids(value, kit), kit.vocabulary.control("text_end")]

    def decode(self, ids: list[int], kit: Kit, frame: Frame, probabilities: list[float] | None = None) -> str:
        """The option."""
        return ids_to_text(ids[1:-1], kit)

    def grammar(self, kit: Kit) -> Term:
        """A trie of the options between the marks of text."""
        vocabulary = kit.vocabulary
        options = Phrases(tuple(tuple(text_to_ids(option, kit)) for option in dict.fromkeys(self.options)))
        return Sequence(Token(vocabulary.control("text")), options, Token(vocabulary.control("text_end")))
