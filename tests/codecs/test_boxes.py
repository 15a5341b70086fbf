"""Boxes: order, closed labels, thin and cut boxes, scores."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anyvl.codecs import Boxes, Kit, TextTokenizer
from anyvl.codecs.boxes import box_to_bins
from anyvl.errors import ConfigError, InputError, UnknownNameError
from anyvl.grammar.automaton import compile_grammar
from anyvl.grammar.terms import Sequence, Token
from anyvl.values import Box, Frame, Instance
from anyvl.vocabulary import Vocabulary

TEXT = TextTokenizer.train(["a fox"], size=256)
KIT = Kit(vocabulary=Vocabulary(num_text=256, coordinate_bins=101, num_codes=0), text=TEXT)
FRAME = Frame(200, 400)


def instance(label, *corners, score=1.0):
    return Instance(label=label, box=Box(*corners), frame=FRAME, score=score)


def test_the_worked_example():
    kit = Kit(vocabulary=Vocabulary(num_text=256, coordinate_bins=1000, num_codes=0), text=TEXT)
    ids = Boxes().encode([instance("fox", 100, 50, 300, 150)], kit, FRAME)
    words = [kit.vocabulary.describe(id) for id in ids]
    assert words[:6] == ["<object>", "<box>", *(f"coordinate {bin}" for bin in (250, 250, 749, 749))]
    assert words[6:] == [f"text {TEXT.encode(letter)[0]}" for letter in "fox"] + ["</object>"]


def test_largest_first_whatever_the_order():
    small, large = instance("small", 0, 0, 20, 20), instance("large", 40, 40, 400, 200)
    for value in ([small, large], [large, small]):
        back = Boxes().decode(Boxes().encode(value, KIT, FRAME), KIT, FRAME)
        assert [one.label for one in back] == ["large", "small"]


@given(st.lists(st.integers(0, 100), min_size=4, max_size=4))
def test_boxes_on_bins_come_back_exactly(bins):
    x0, y0, x1, y1 = bins
    if x0 < x1 and y0 < y1:
        assert box_to_bins(Box(4 * x0, 2 * y0, 4 * x1, 2 * y1), 101, FRAME) == bins


@pytest.mark.parametrize(
    "corners, bins",
    [
        ((0, 0, 0.1, 0.1), [0, 0, 1, 1]),
        ((399.9, 199.9, 400, 200), [99, 99, 100, 100]),
        ((40.1, 20.1, 40.2, 20.2), [10, 10, 11, 11]),
        ((39.8, 19.8, 39.9, 19.9), [9, 9, 10, 10]),
        ((-50, -50, 450, 250), [0, 0, 100, 100]),
        ((-50, 100, 0.1, 450), [0, 50, 1, 100]),
    ],
)
def test_thin_boxes_become_a_bin_and_large_ones_are_cut(corners, bins):
    assert box_to_bins(Box(*corners), 101, FRAME) == bins


@pytest.mark.parametrize("corners", [(-9, 0, -1, 5), (-9, 0, 0, 5), (400, 0, 409, 5), (0, 201, 9, 209)])
def test_boxes_outside_are_refused(corners):
    with pytest.raises(InputError, match="outside its picture of height 200, width 400"):
        Boxes().encode([instance("fox", *corners)], KIT, FRAME)


def test_labels_of_a_closed_set():
    codec = Boxes(labels=("fox", "fox cub", "palm"))
    eos = KIT.vocabulary.control("eos")
    automaton = compile_grammar(Sequence(codec.grammar(KIT), Token(eos)), KIT.vocabulary)
    for label in codec.labels:
        assert automaton.accepts([*codec.encode([instance(label, 0, 0, 9, 9)], KIT, FRAME), eos])
    for label in ("f", "fox c", "fox cubs", "tree"):
        assert not automaton.accepts([*Boxes().encode([instance(label, 0, 0, 9, 9)], KIT, FRAME), eos])
        with pytest.raises(UnknownNameError, match="unknown label"):
            codec.encode([instance(label, 0, 0, 9, 9)], KIT, FRAME)


@pytest.mark.parametrize("labels", [(), ("",)])
def test_closed_sets_without_names_are_refused(labels):
    with pytest.raises(ConfigError):
        Boxes(labels=labels)


def test_an_empty_label_is_refused():
    with pytest.raises(InputError, match="at least one character"):
        Boxes().encode([instance("", 0, 0, 9, 9)], KIT, FRAME)


def test_scores_are_object_times_label():
    ids = Boxes().encode([instance("fo", 0, 0, 400, 200), instance("x", 0, 0, 9, 9)], KIT, FRAME)
    # <object> <box> four coordinates f o </object>: the box and the end do not count
    probabilities = [0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.8, 0.5, 0.1, 0.25, 0.1, 0.1, 0.1, 0.1, 0.1, 0.5, 0.1]
    back = Boxes().decode(ids, KIT, FRAME, probabilities)
    assert [one.score for one in back] == pytest.approx([0.2, 0.125])
    assert [one.score for one in Boxes().decode(ids, KIT, FRAME)] == [1.0, 1.0]


def test_no_boxes_are_no_ids():
    assert Boxes().encode([], KIT, FRAME) == [] and Boxes().decode([], KIT, FRAME) == []
