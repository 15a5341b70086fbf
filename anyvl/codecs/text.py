"""Text: words between `<text>` and `</text>`, and the ids of text without marks."""

from anyvl.codecs.codec import Kit
from anyvl.codecs.tokenizer import TextTokenizer
from anyvl.errors import InputError
from anyvl.grammar.terms import Sequence, Term, Text, Token
from anyvl.values import Frame

__all__ = ["TextTokenizer", "Words", "ids_to_text", "text_to_ids"]


class Words:
    """A non-empty string, exactly: `<text> ids </text>`.

    "a fox" is `<text>`, the text ids of "a fox", `</text>`.
    """

    def encode(self, value: str, kit: Kit, frame: Frame) -> list[int]:
        """The ids of a non-empty string; InputError when it is empty or not valid Unicode."""
        return [kit.vocabulary.control("text"), *text_to_ids(value, kit), kit.vocabulary.control("text_end")]

    def decode(self, ids: list[int], kit: Kit, frame: Frame, probabilities: list[float] | None = None) -> str:
        """The string between the marks."""
        assert ids[0] == kit.vocabulary.control("text") and ids[-1] == kit.vocabulary.control("text_end"), ids
        return ids_to_text(ids[1:-1], kit)

    def grammar(self, kit: Kit) -> Term:
        """`<text>`, one or more characters, `</text>`."""
        return Sequence(
            Token(kit.vocabulary.control("text")), Text(kit.text.token_bytes), Token(kit.vocabulary.control("text_end"))
        )


def text_to_ids(text: str, kit: Kit) -> list[int]:
    """The vocabulary ids of a non-empty string, without marks."""
    if not text:
        raise InputError("text has at least one character, but an empty string came")
    text_ids = kit.vocabulary.text
    return [text_ids[piece] for piece in kit.text.encode(text)]


def ids_to_text(ids: list[int], kit: Kit) -> str:
    """The string of vocabulary ids that are all text ids."""
    return kit.text.decode(kit.vocabulary.text_piece(text_id) for text_id in ids)
