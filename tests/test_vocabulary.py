"""The layout of ids, frozen: a change here makes every checkpoint speak another language."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anyvl.errors import CheckpointError, InputError, UnknownNameError
from anyvl.vocabulary import CONTROL_NAMES, CONTROL_SLOTS, LANGUAGE_VERSION, MODALITIES, Vocabulary

laws = settings(max_examples=50)

vocabularies = st.builds(
    Vocabulary, num_text=st.integers(1, 40), coordinate_bins=st.integers(8, 30), num_codes=st.integers(0, 30)
)


def test_language_version_2_is_frozen():
    assert LANGUAGE_VERSION == 2
    vocabulary = Vocabulary(num_text=1000, coordinate_bins=64, num_codes=512)
    names = ("bos", "eos", "image", "image_end", "text", "text_end", "object", "object_end")
    names += ("box", "polygon", "ring", "hole", "point", "none", "plan", "keypoint", "visible", "hidden", "mask")
    assert names == CONTROL_NAMES
    assert [vocabulary.control(name) for name in names] == list(range(1000, 1019))
    assert (vocabulary.text_id(7), vocabulary.coordinate(7), vocabulary.image_id(7)) == (7, 1135, 1199)
    assert vocabulary.size == 1704
    assert CONTROL_SLOTS == 128


@laws
@given(vocabularies)
def test_spans_follow_one_another_without_gap(vocabulary):
    spans = (vocabulary.text, vocabulary.control_span, vocabulary.coordinates, vocabulary.image)
    assert [id for span in spans for id in span] == list(range(vocabulary.size))
    assert len(vocabulary.control_span) == 128 >= len(set(CONTROL_NAMES)) == len(CONTROL_NAMES)
    numbers = vocabulary.modalities()
    assert [MODALITIES[number] for number in numbers] == [vocabulary.modality_of(id) for id in range(vocabulary.size)]


@laws
@given(vocabularies, st.data())
def test_every_id_comes_back(vocabulary, data):
    bin = data.draw(st.integers(0, vocabulary.coordinate_bins - 1))
    piece = data.draw(st.integers(0, vocabulary.num_text - 1))
    assert vocabulary.bin(vocabulary.coordinate(bin)) == bin
    assert vocabulary.text_piece(vocabulary.text_id(piece)) == piece
    if vocabulary.num_codes:
        code = data.draw(st.integers(0, vocabulary.num_codes - 1))
        assert vocabulary.code(vocabulary.image_id(code)) == code


def test_what_lies_outside_a_span_is_said():
    vocabulary = Vocabulary(num_text=10, coordinate_bins=8, num_codes=4)
    for wrong in (
        lambda: vocabulary.text_id(10),
        lambda: vocabulary.coordinate(-1),
        lambda: vocabulary.image_id(4),
        lambda: vocabulary.bin(vocabulary.control("box")),
        lambda: vocabulary.modality_of(vocabulary.size),
        lambda: Vocabulary(num_text=10, coordinate_bins=7, num_codes=4),
    ):
        with pytest.raises(InputError, match="came"):
            wrong()
    with pytest.raises(UnknownNameError, match="'polygon', ") as error:
        vocabulary.control("polygons")
    assert str(error.value).startswith("unknown control id 'polygons': use one of 'polygon'")


def test_ids_in_words():
    vocabulary = Vocabulary(num_text=10, coordinate_bins=8, num_codes=4)
    ids = [
        3,
        vocabulary.control("box"),
        vocabulary.control("image_end"),
        vocabulary.coordinate(2),
        vocabulary.image_id(1),
    ]
    assert [vocabulary.describe(id) for id in ids] == ["text 3", "<box>", "</image>", "coordinate 2", "code 1"]


@laws
@given(vocabularies)
def test_layout_survives_json(vocabulary):
    assert Vocabulary.from_layout(json.loads(json.dumps(vocabulary.layout()))) == vocabulary


def test_layout_of_another_language_is_refused_and_of_a_younger_one_read():
    vocabulary = Vocabulary(num_text=10, coordinate_bins=8, num_codes=4)
    layout = vocabulary.layout()
    assert Vocabulary.from_layout(layout | {"control_names": list(CONTROL_NAMES[:13])}) == vocabulary
    for change in (
        {"language_version": 1},
        {"language_version": 3},
        {"control_names": ["eos", "bos", *CONTROL_NAMES[2:]]},
        {"control_names": [*CONTROL_NAMES, "newer"]},
        {"spans": layout["spans"] | {"control": 64}},
        {"spans": {"text": 10}},
    ):
        with pytest.raises(CheckpointError):
            Vocabulary.from_layout(layout | change)
    with pytest.raises(CheckpointError, match="language_version"):
        Vocabulary.from_layout({})
