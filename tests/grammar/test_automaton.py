"""Compiled grammars accept exactly the language of their terms."""

import itertools
import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from anyvl.errors import ConfigError
from anyvl.grammar import (
    Cell,
    Coordinate,
    Either,
    InPicture,
    OneOf,
    Phrases,
    Repeat,
    Sequence,
    Term,
    Text,
    Token,
    box_corners,
    compile_grammar,
    ring_vertices,
)
from anyvl.vocabulary import Vocabulary

laws = settings(max_examples=25)

VOCABULARY = Vocabulary(num_text=6, coordinate_bins=8, num_codes=3)
END = Token(5)
ids = st.sampled_from(range(5))


def pattern(term: Term) -> str:
    """The same language as a regular expression over letters (a is id 0)."""
    match term:
        case Token(id):
            return chr(97 + id)
        case OneOf(several):
            return "[" + "".join(chr(97 + id) for id in several) + "]"
        case Sequence(terms):
            return "".join(map(pattern, terms))
        case Either(terms):
            return "(?:" + "|".join(map(pattern, terms)) + ")"
        case Repeat(inner, at_least, at_most):
            return f"(?:{pattern(inner)}){{{at_least},{'' if at_most is None else at_most}}}"
        case Phrases(phrases):
            return "(?:" + "|".join("".join(chr(97 + id) for id in phrase) for phrase in phrases) + ")"
    raise AssertionError(term)


leaves = (
    st.builds(Token, ids)
    | st.builds(OneOf, st.lists(ids, min_size=1, max_size=3).map(tuple))
    | st.builds(Phrases, st.lists(st.lists(ids, min_size=1, max_size=3).map(tuple), min_size=1, max_size=4).map(tuple))
)
terms = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: Sequence(*parts))
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: Either(*parts))
        | st.builds(lambda term, low, more: Repeat(term, low, low + more), inner, st.integers(0, 2), st.integers(0, 2))
        | st.builds(Repeat, inner, st.integers(0, 2))
    ),
    max_leaves=5,
)


@laws
@given(terms, st.lists(st.lists(ids, max_size=7), min_size=1, max_size=20))
def test_accepts_is_the_regular_expression(term, sentences):
    try:
        automaton = compile_grammar(Sequence(term, END), VOCABULARY)
    except ConfigError:
        assume(False)
    expression = re.compile(pattern(term) + "f")
    short = (list(sentence) for size in range(4) for sentence in itertools.product(range(5), repeat=size))
    accepted = []
    for body in itertools.chain(sentences, short):
        sentence = [*body, 5]
        expected = expression.fullmatch("".join(chr(97 + id) for id in sentence)) is not None
        assert automaton.accepts(sentence) == expected
        if expected:
            accepted.append(len(sentence))
            assert not automaton.accepts(body)
            assert automaton.explain(sentence) == "accepted"
    assert all(automaton.shortest <= length for length in accepted)
    if automaton.shortest <= 4:
        assert min(accepted) == automaton.shortest


def test_one_phrase_may_be_the_beginning_of_another():
    automaton = compile_grammar(Sequence(Phrases(((1,), (1, 2), (1, 2, 3, 4), (2,))), END), VOCABULARY)
    for phrase in ([1], [1, 2], [1, 2, 3, 4], [2]):
        assert automaton.accepts([*phrase, 5])
    for phrase in ([], [1, 2, 3], [2, 2], [1, 2, 3, 4, 4]):
        assert not automaton.accepts([*phrase, 5])
    assert automaton.shortest == 2


@pytest.mark.parametrize(
    ("term", "said"),
    [
        (Sequence(Either(Token(1), Sequence(OneOf((1, 2)), Token(3))), END), "text 1"),
        (Sequence(Repeat(Token(1)), Token(1)), "text 1"),
        (Sequence(Phrases(((1,), (1, 2))), Token(2), END), "text 2"),
        (Repeat(Token(1), at_least=1), "where its sentence ends"),
        (Sequence(Token(1), OneOf(())), "allows no id"),
        (Sequence(Either(), END), "can ever end"),
        (Token(10**6), "ids lie in"),
        (Phrases(()), "at least one phrase"),
        (Coordinate(high=8), "bins lie in 0..7"),
        (Coordinate(rule="below"), "below"),
        (Repeat(Token(1), 3, 2), "at_most"),
        (Text((b"\x80",)), "start a character"),
        (Text((b"a",) * 7), "do not fit"),
        (Either(Cell(0), Token(1)), "stands alone"),
        (Either(Coordinate(high=3, rule="above_x0"), Coordinate(low=4)), "one rule"),
    ],
)
def test_a_grammar_that_cannot_be_read_says_why(term, said):
    with pytest.raises(ConfigError, match=said):
        compile_grammar(term, VOCABULARY)


def test_equal_terms_are_compiled_once():
    assert compile_grammar(Sequence(Token(1), END), VOCABULARY) is compile_grammar(Sequence(Token(1), END), VOCABULARY)


def test_states_know_cells_pictures_and_what_is_forced():
    image = VOCABULARY.image_id(0)
    grammar = Sequence(Token(0), InPicture(Sequence(Coordinate(3, 3), Cell(0), Cell(1), Token(1))), OneOf((2, 3)), END)
    automaton = compile_grammar(grammar, VOCABULARY)
    walk = [0, VOCABULARY.coordinate(3), image, image + 2, 1, 2, 5]
    states = [automaton.trace(walk[:taken]).state for taken in range(len(walk) + 1)]
    assert automaton.cell[states].tolist() == [-1, -1, 0, 1, -1, -1, -1, -1]
    assert automaton.picture[states].tolist() == [False, True, True, True, True, False, False, False]
    assert automaton.forced[states].tolist() == [0, walk[1], -1, -1, 1, -1, 5, -1]
    assert automaton.close[states].tolist() == [7, 6, 5, 4, 3, 2, 1, 0]


def box_is_proper(bins) -> bool:
    x0, y0, x1, y1 = bins
    return x0 < x1 and y0 < y1


@laws
@given(st.lists(st.integers(0, 7), min_size=4, max_size=4))
def test_boxes_have_an_inside(bins):
    automaton = compile_grammar(Sequence(box_corners(8), END), VOCABULARY)
    assert automaton.accepts([*map(VOCABULARY.coordinate, bins), 5]) == box_is_proper(bins)


def ring_is_proper(ring) -> bool:
    (ax, ay), (bx, by), (cx, cy) = ring[:3]
    if (bx - ax) * (cy - ay) == (cx - ax) * (by - ay):
        return False
    return all(ring[i] != ring[i - 1] and ring[i] != ring[0] for i in range(1, len(ring)))


few = st.integers(0, 3) | st.integers(0, 7)
# Three vertices, then some that often come back to one of them.
openings = st.lists(st.tuples(few, few), min_size=3, max_size=3)
returning = openings.flatmap(lambda ring: st.lists(st.sampled_from(ring), max_size=3).map(lambda later: ring + later))


@settings(max_examples=150)
@given(returning | st.lists(st.tuples(few, few), min_size=3, max_size=6))
@example([(0, 0), (4, 1), (2, 5), (0, 0)])
@example([(0, 0), (4, 1), (2, 5), (2, 5)])
@example([(0, 0), (4, 1), (2, 5), (4, 1)])
def test_rings_are_rings(ring):
    automaton = compile_grammar(Sequence(ring_vertices(5), END), VOCABULARY)
    sentence = [VOCABULARY.coordinate(bin) for vertex in ring for bin in vertex]
    assert automaton.accepts([*sentence, 5]) == (ring_is_proper(ring) and len(ring) <= 5)


def test_all_triangles():
    automaton = compile_grammar(Sequence(ring_vertices(3), END), VOCABULARY)
    for bins in itertools.product(range(0, 8, 1), repeat=2):
        for first, second in (((0, 0), (2, 4)), ((7, 1), (1, 7)), ((3, 2), (3, 5)), ((1, 6), (7, 6)), ((5, 5), (2, 4))):
            ring = [first, second, bins]
            sentence = [VOCABULARY.coordinate(bin) for vertex in ring for bin in vertex]
            assert automaton.accepts([*sentence, 5]) == ring_is_proper(ring), ring


def test_explain_names_place_id_and_choice():
    automaton = compile_grammar(Sequence(box_corners(8), END), VOCABULARY)
    corner = [VOCABULARY.coordinate(bin) for bin in (4, 1, 2, 5)]
    assert "id 2 is" in (said := automaton.explain([*corner, 5])) and "coordinate 2" in said and "above_x0" in said
    assert "ends after 2 ids, at least 3 too early: expected coordinate 0..coordinate 7" in automaton.explain(
        corner[:2]
    )
    assert "outside the vocabulary" in automaton.explain([10**6])
    assert "had ended" in compile_grammar(END, VOCABULARY).explain([5, 5])
