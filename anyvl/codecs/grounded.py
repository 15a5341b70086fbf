"""Grounded words: a text in which phrases carry the box of what they speak of (Kosmos-2, Peng et al. 2023)."""

from dataclasses import dataclass

from anyvl.codecs.boxes import COORDINATES, box_to_bins
from anyvl.codecs.codec import Kit
from anyvl.codecs.coordinates import bins_to_px
from anyvl.codecs.text import ids_to_text, text_to_ids
from anyvl.errors import InputError
from anyvl.grammar.rules import box_corners
from anyvl.grammar.terms import Either, Repeat, Sequence, Term, Text, Token
from anyvl.values import Box, Frame, GroundedText, Span


@dataclass(frozen=True)
class Grounded:
    """A text with boxes in line: `<text>`, words, `<object>` phrase `<box> x0 y0 x1 y1 </object>`, words ..., `</text>`.

    In a picture 200 px high and 400 px wide with 1000 bins, "a fox left" whose fox is at (100, 50, 300, 150) is

        <text> <object> a  f o x <box> [250] [250] [749] [749] </object>  l e f t </text>

    The words of a box stand before it, so that it is known what is to be found. Scores are those of its four coordinates.
    """

    def encode(self, value: GroundedText, kit: Kit, frame: Frame) -> list[int]:
        """The ids of a non-empty text; boxes are cut at the frame. InputError for a box that lies outside it."""
        if not value.words:
            raise InputError("text has at least one character, but an empty string came")
        vocabulary, ids, done = kit.vocabulary, [kit.vocabulary.control("text")], 0
        for span in value.spans:
            if span.start > done:
                ids += text_to_ids(value.words[done : span.start], kit)
            bins = box_to_bins(span.box, vocabulary.coordinate_bins, frame)
            ids += [vocabulary.control("object"), *text_to_ids(value.words[span.start : span.stop], kit)]
            ids += [vocabulary.control("box"), *(vocabulary.coordinate(bin) for bin in bins)]
            ids.append(vocabulary.control("object_end"))
            done = span.stop
        if done < len(value.words):
            ids += text_to_ids(value.words[done:], kit)
        return [*ids, vocabulary.control("text_end")]

    def decode(self, ids: list[int], kit: Kit, frame: Frame, probabilities: list[float] | None = None) -> GroundedText:
        """The text and its spans, with score 1 when no probabilities are given."""
        vocabulary, words, spans, place = kit.vocabulary, "", [], 1
        while place < len(ids) - 1:
            in_object = ids[place] == vocabulary.control("object")
            start = place + in_object
            after = next(i for i in range(start, len(ids)) if ids[i] not in vocabulary.text)
            piece = ids_to_text(ids[start:after], kit)
            if in_object:
                corners = slice(after + 1, after + 1 + COORDINATES)
                box_px = bins_to_px([vocabulary.bin(id) for id in ids[corners]], vocabulary.coordinate_bins, frame)
                score = 1.0
                for likely in () if probabilities is None else probabilities[corners]:
                    score *= likely
                box = Box(*box_px.ravel().tolist())
                spans.append(Span(start=len(words), stop=len(words) + len(piece), box=box, score=score))
            words += piece
            place = after + 2 + COORDINATES if in_object else after
        return GroundedText(words=words, spans=tuple(spans), frame=frame)

    def grammar(self, kit: Kit) -> Term:
        """Words and objects in turn, at least one of the two."""
        vocabulary, text = kit.vocabulary, Text(kit.text.token_bytes)
        thing = Sequence(
            Token(vocabulary.control("object")),
            text,
            Token(vocabulary.control("box")),
            box_corners(vocabulary.coordinate_bins),
            Token(vocabulary.control("object_end")),
        )
        things = Repeat(Sequence(thing, Repeat(text, at_most=1)))
        begun = Either(text, Sequence(thing, Repeat(text, at_most=1)))
        return Sequence(Token(vocabulary.control("text")), begun, things, Token(vocabulary.control("text_end")))
