"""Valid UTF-8, byte by byte (RFC 3629; Unicode 15, table 3-7), and what each piece of text does to it."""

from functools import lru_cache

import numpy as np

# 0: between characters. 1..3: that many free continuation bytes to come. The rest: the narrowed second byte after the
# leads E0 (no overlong forms), ED (no surrogates), F0 (no overlong forms) and F4 (nothing above U+10FFFF).
BETWEEN, AFTER_E0, AFTER_ED, AFTER_F0, AFTER_F4 = 0, 4, 5, 6, 7
STATES = 8
REJECTED = -1

_ROWS = (  # state, first byte, last byte, next state
    (BETWEEN, 0x00, 0x7F, BETWEEN),
    (BETWEEN, 0xC2, 0xDF, 1),
    (BETWEEN, 0xE0, 0xE0, AFTER_E0),
    (BETWEEN, 0xE1, 0xEC, 2),
    (BETWEEN, 0xED, 0xED, AFTER_ED),
    (BETWEEN, 0xEE, 0xEF, 2),
    (BETWEEN, 0xF0, 0xF0, AFTER_F0),
    (BETWEEN, 0xF1, 0xF3, 3),
    (BETWEEN, 0xF4, 0xF4, AFTER_F4),
    (1, 0x80, 0xBF, BETWEEN),
    (2, 0x80, 0xBF, 1),
    (3, 0x80, 0xBF, 2),
    (AFTER_E0, 0xA0, 0xBF, 1),
    (AFTER_ED, 0x80, 0x9F, 1),
    (AFTER_F0, 0x90, 0xBF, 2),
    (AFTER_F4, 0x80, 0x8F, 2),
)


def _step_table() -> list[list[int]]:
    table = np.full((STATES, 256), REJECTED)
    for state, first, last, following in _ROWS:
        table[state, first : last + 1] = following
    return table.tolist()


_STEP = _step_table()


def after_bytes(state: int, piece: bytes) -> int:
    """The state after the bytes of a piece, or REJECTED.

    >>> after_bytes(BETWEEN, "é".encode()), after_bytes(BETWEEN, "é".encode()[:1]), after_bytes(BETWEEN, b"\\xff")
    (0, 1, -1)
    """
    for byte in piece:
        state = _STEP[state][byte]
        if state == REJECTED:
            break
    return state


@lru_cache(maxsize=8)
def piece_moves(token_bytes: tuple[bytes, ...]) -> tuple[dict[int, tuple[int, ...]], ...]:
    """For every state: next state -> the pieces (by number) that lead there. Empty pieces lead nowhere."""
    moves: tuple[dict[int, list[int]], ...] = tuple({} for _ in range(STATES))
    for piece, content in enumerate(token_bytes):
        if content:
            for state in range(STATES):
                following = after_bytes(state, content)
                if following != REJECTED:
                    moves[state].setdefault(following, []).append(piece)
    return tuple({following: tuple(pieces) for following, pieces in row.items()} for row in moves)
