"""Whatever is drawn from the masks, sentences end in time and are sentences."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from anyvl.errors import BudgetError
from anyvl.grammar import (
    Automaton,
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
from anyvl.grammar.masks import GrammarState
from anyvl.vocabulary import Vocabulary

laws = settings(max_examples=25)

# All bytes, whole characters, merges across characters ("é" is c3 a9, "日" e6 97 a5, "🦊" f0 9f a6 8a), and none.
PIECES = (
    *(bytes([byte]) for byte in range(256)),
    b"fox",
    "é日".encode(),
    b"\xa9\xe6\x97",
    b"\xa5x",
    b"\x9f\xa6\x8a\xf0",
    b"",
)
VOCABULARY = Vocabulary(num_text=len(PIECES), coordinate_bins=8, num_codes=5)
ROWS, COLUMNS = 2, 3


def control(name: str) -> Token:
    return Token(VOCABULARY.control(name))


def row_of(row: int) -> Term:
    return Sequence(Coordinate(3 * row + 2, 3 * row + 2), *(Cell(row * COLUMNS + column) for column in range(COLUMNS)))


PICTURE = Sequence(control("image"), InPicture(Sequence(*map(row_of, range(ROWS)), control("image_end"))))
RINGS = Repeat(Sequence(control("ring"), ring_vertices()), at_least=1)
SMALL_RINGS = Repeat(Sequence(control("hole"), ring_vertices(5)), at_least=1, at_most=3)
BOXES = Repeat(Sequence(control("box"), box_corners(8), control("object_end")))
LABELS = Phrases(((7,), (7, 8), (7, 8, 9, 10), (11, 12)))
LABELLED = Repeat(Sequence(control("object"), box_corners(8), LABELS, control("object_end")), at_least=1)
TEXT = Sequence(control("text"), Text(PIECES), control("text_end"))
BODIES = (PICTURE, RINGS, SMALL_RINGS, BOXES, LABELLED, TEXT, Sequence(RINGS, PICTURE), Either(BOXES, TEXT))
GRAMMARS = [compile_grammar(Sequence(body, control("eos")), VOCABULARY) for body in BODIES]


def walk(automata: list[Automaton], budgets: list[int], seed: int, copies=None, every_step=None) -> list[list[int]]:
    """Random sentences drawn from the masks; forced ids are taken as told."""
    state = GrammarState(automata, budgets, copies, "cpu")
    draw = random.Random(seed)
    sentences: list[list[int]] = [[] for _ in automata]
    while not state.done.all():
        mask, forced, active = state.mask(), state.forced(), ~state.done
        if every_step is not None:
            every_step(sentences, state)
        chosen = []
        for row, sentence in enumerate(sentences):
            if not active[row]:
                chosen.append(draw.randrange(-1, VOCABULARY.size))  # whatever: the row has ended
                continue
            allowed = mask[row].nonzero()[:, 0].tolist()
            assert allowed, "a sentence that is not over has a next id"
            if forced[row] >= 0:
                assert allowed == [int(forced[row])]
            chosen.append(draw.choice(allowed))
            sentence.append(chosen[-1])
        state.advance(torch.tensor(chosen), active)
    return sentences


@laws
@given(
    st.lists(st.tuples(st.sampled_from(GRAMMARS), st.integers(0, 60)), min_size=1, max_size=4), st.integers(0, 2**32)
)
def test_random_walks_end_within_their_budget_as_sentences(rows, seed):
    automata = [automaton for automaton, _ in rows]
    budgets = [automaton.shortest + spare for automaton, spare in rows]
    for automaton, budget, sentence in zip(automata, budgets, walk(automata, budgets, seed), strict=True):
        assert len(sentence) <= budget
        assert automaton.accepts(sentence), automaton.explain(sentence)


@laws
@given(
    st.lists(st.tuples(st.sampled_from(GRAMMARS), st.integers(0, 25)), min_size=1, max_size=2), st.integers(0, 2**32)
)
def test_masks_are_exactly_what_the_automaton_would_take_and_could_end(rows, seed):
    automata = [automaton for automaton, _ in rows]
    budgets = [automaton.shortest + spare for automaton, spare in rows]

    def compare(sentences: list[list[int]], state: GrammarState) -> None:
        mask = state.mask()
        for row, (automaton, budget, sentence) in enumerate(zip(automata, budgets, sentences, strict=True)):
            here = automaton.trace(sentence).state
            expected = np.zeros(VOCABULARY.size, dtype=bool)
            left = budget - len(sentence) - 1
            told: dict[int, bool] = {}  # ids of one symbol go the same way, but each bin has its own limits
            for id in automaton.allowed(here).tolist():
                alike = id if id in VOCABULARY.coordinates else -1 - int(automaton.symbol[id])
                if alike not in told:
                    after = automaton.trace([*sentence, id])
                    told[alike] = after.taken == len(sentence) + 1 and bool(automaton.close[after.state] <= left)
                expected[id] = told[alike]
            assert (mask[row].numpy() == expected).all()
            assert bool(state.in_picture[row]) == bool(automaton.picture[here])

    walk(automata, budgets, seed, every_step=compare)


def bins_after(sentence: list[int], name: str) -> list[list[int]]:
    """The runs of coordinate bins that follow each control id of that name."""
    runs: list[list[int]] = []
    for id in sentence:
        if id in VOCABULARY.control_span:
            runs.append([] if id == VOCABULARY.control(name) else [-1])
        elif runs:
            runs[-1].append(VOCABULARY.bin(id))
    return [run for run in runs if run[:1] != [-1]]


@laws
@given(st.integers(0, 60), st.integers(0, 2**32))
def test_boxes_have_an_inside(spare, seed):
    (sentence,) = walk([GRAMMARS[3]], [GRAMMARS[3].shortest + spare], seed)
    for x0, y0, x1, y1 in bins_after(sentence, "box"):
        assert x0 < x1 and y0 < y1


@laws
@given(st.sampled_from([(1, "ring"), (2, "hole")]), st.integers(0, 90), st.integers(0, 2**32))
def test_rings_are_rings(which, spare, seed):
    number, name = which
    (sentence,) = walk([GRAMMARS[number]], [GRAMMARS[number].shortest + spare], seed)
    runs = bins_after(sentence, name)
    assert runs
    for bins in runs:
        ring = list(zip(bins[::2], bins[1::2], strict=True))
        assert len(ring) >= 3 and (name == "ring" or len(ring) <= 5)
        assert all(vertex != ring[i - 1] for i, vertex in enumerate(ring))  # i = 0: the last against the first
        (ax, ay), (bx, by), (cx, cy) = ring[:3]
        assert (bx - ax) * (cy - ay) != (cx - ax) * (by - ay)


@laws
@given(st.integers(0, 40), st.integers(0, 2**32))
def test_text_is_valid_utf8_with_a_character(spare, seed):
    (sentence,) = walk([GRAMMARS[5]], [GRAMMARS[5].shortest + spare], seed)
    content = b"".join(PIECES[id] for id in sentence[1:-2])
    assert len(content.decode("utf-8")) >= 1


@laws
@given(st.lists(st.integers(-1, VOCABULARY.num_codes - 1), min_size=6, max_size=6), st.integers(0, 2**32))
def test_copied_cells_are_copied_and_free_ones_free(codes, seed):
    copy = np.array([VOCABULARY.image_id(code) if code >= 0 else -1 for code in codes])
    forced_at: list[list[int]] = []

    def note(sentences: list[list[int]], state: GrammarState) -> None:
        forced_at.append(state.forced().tolist())

    copied, free = walk([GRAMMARS[0]] * 2, [20, 20], seed, [copy, None], note)
    cells = [VOCABULARY.code(id) for id in copied if id in VOCABULARY.image]
    assert [cell if code >= 0 else -1 for cell, code in zip(cells, codes, strict=True)] == codes
    for id, (told, told_beside) in zip(copied, forced_at, strict=True):
        if id in VOCABULARY.image:
            assert told_beside == -1 and told in (-1, id)
    assert sum(told >= 0 for told, _ in forced_at) == len(copied) - codes.count(-1)
    assert GRAMMARS[0].accepts(free)


@laws
@given(st.integers(0, 2**32))
def test_rows_do_not_feel_their_neighbours(seed):
    """The masks along one sentence are the same alone and beside other grammars."""
    budget = GRAMMARS[6].shortest + 20
    (sentence,) = walk([GRAMMARS[6]], [budget], seed)
    alone = GrammarState([GRAMMARS[6]], [budget], [None], "cpu")
    beside = GrammarState([GRAMMARS[0], GRAMMARS[6], GRAMMARS[4]], [99, budget, 99], [None] * 3, "cpu")
    for id in sentence:
        assert (alone.mask()[0] == beside.mask()[1]).all()
        alone.advance(torch.tensor([id]), torch.tensor([True]))
        beside.advance(torch.tensor([-1, id, 0]), torch.tensor([False, True, False]))
    assert beside.done.tolist() == [False, True, False] and alone.done.all()
    assert not alone.mask().any()


@pytest.mark.parametrize("automaton", GRAMMARS)
def test_a_budget_below_the_shortest_sentence_names_it(automaton):
    GrammarState([automaton], [automaton.shortest], [None], "cpu")
    with pytest.raises(BudgetError, match=rf"takes {automaton.shortest}\b") as error:
        GrammarState([automaton], [automaton.shortest - 1], [None], "cpu")
    assert (error.value.budget, error.value.shortest) == (automaton.shortest - 1, automaton.shortest)


def test_the_end_stays_and_a_lost_sentence_is_over():
    state = GrammarState([GRAMMARS[3]] * 2, [9, 9], None, "cpu")
    eos, wrong = VOCABULARY.control("eos"), VOCABULARY.control("plan")
    for _ in range(2):
        state.advance(torch.tensor([eos, wrong]), torch.tensor([True, True]))
        assert state.done.all() and not state.mask().any() and state.forced().tolist() == [-1, -1]


def test_a_set_of_ids_with_holes_is_masked_as_it_is():
    automaton = compile_grammar(Sequence(OneOf((3, 300, 5)), control("eos")), VOCABULARY)
    assert GrammarState([automaton], [2], None, "cpu").mask()[0].nonzero()[:, 0].tolist() == [3, 5, 300]
