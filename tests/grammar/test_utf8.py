"""The byte automaton agrees with Python's own strict decoder, byte for byte."""

import contextlib
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from anyvl.grammar import utf8

laws = settings(max_examples=50)

edges = st.sampled_from([0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED])
leads = st.sampled_from([0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF])
TAILS = [bytes(tail) for size in range(4) for tail in itertools.product((0x80, 0x90, 0xA0), repeat=size)]


def verdict(content: bytes) -> str:
    """Whole, or open where some tail makes it whole (one of these does if any), or rejected."""
    for tail in TAILS:
        with contextlib.suppress(UnicodeDecodeError):
            (content + tail).decode()
            return "open" if tail else "whole"
    return "rejected"


def our_verdict(content: bytes) -> str:
    state = utf8.after_bytes(utf8.BETWEEN, content)
    return {utf8.REJECTED: "rejected", utf8.BETWEEN: "whole"}.get(state, "open")


def test_every_first_byte_before_every_border_of_the_second():
    for first in range(256):
        for second in (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xFF):
            assert our_verdict(bytes([first, second])) == verdict(bytes([first, second])), (first, second)


@laws
@given(st.lists(edges | leads | st.integers(0, 255), max_size=9).map(bytes))
def test_any_bytes(content):
    assert our_verdict(content) == verdict(content)


@laws
@given(st.text(max_size=6), st.data())
def test_any_text_cut_anywhere(text, data):
    content = text.encode()
    cut = data.draw(st.integers(0, len(content)))
    state = utf8.after_bytes(utf8.BETWEEN, content[:cut])
    assert state != utf8.REJECTED
    assert utf8.after_bytes(state, content[cut:]) == utf8.BETWEEN


@laws
@given(st.lists(st.binary(max_size=4), max_size=12).map(tuple))
def test_moves_are_after_bytes_by_piece(token_bytes):
    moves = utf8.piece_moves(token_bytes)
    for state in range(utf8.STATES):
        for piece, content in enumerate(token_bytes):
            leads_to = [following for following, pieces in moves[state].items() if piece in pieces]
            expected = utf8.after_bytes(state, content)
            assert leads_to == ([] if expected == utf8.REJECTED or not content else [expected])
