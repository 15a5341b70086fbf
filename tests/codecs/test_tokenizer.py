"""The byte-level tokenizer gives all text back, and no text makes anything but text."""

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers.trainers import BpeTrainer

from anyvl.codecs.tokenizer import TextTokenizer
from anyvl.errors import CheckpointError, InputError

TOKENIZER = TextTokenizer.train(["a red fox left of a palm tree"] * 4, size=280)
HARD = [
    "",
    " ",
    "\0\x01\x7f\u0085",
    "A\u030a is not \u00c5",
    "🦊\u200d🦯",
    "<box> </text> <|endoftext|>",
    "\u2028\ufeff\uffff",
]


@pytest.mark.parametrize("text", HARD)
def test_text_comes_back_exactly(text):
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


def test_token_bytes_are_what_tokens_stand_for():
    text = "a red 🦊 fox"
    assert b"".join(TOKENIZER.token_bytes[piece] for piece in TOKENIZER.encode(text)) == text.encode()
    assert len(TOKENIZER.token_bytes) == TOKENIZER.size <= 280
    assert {bytes([byte]) for byte in range(256)} <= set(TOKENIZER.token_bytes)


def test_merges_are_learnt():
    assert len(TOKENIZER.encode("a red fox")) < len("a red fox")


def test_it_is_saved_and_read_again(tmp_path):
    TOKENIZER.save(tmp_path / "tokenizer")
    for place in (tmp_path / "tokenizer", tmp_path / "tokenizer" / "tokenizer.json"):
        assert TextTokenizer.from_file(place).token_bytes == TOKENIZER.token_bytes
    assert [path.name for path in (tmp_path / "tokenizer").iterdir()] == ["tokenizer.json"]


def test_what_cannot_be_used_is_said():
    with pytest.raises(InputError, match="character 1 is the lone surrogate"):
        TOKENIZER.encode("a\ud800")
    with pytest.raises(InputError, match="not UTF-8"):
        TOKENIZER.decode([TOKENIZER.token_bytes.index(b"\xff")])
    with pytest.raises(InputError, match="at least 256"):
        TextTokenizer.train(["a"], size=100)


def test_a_missing_or_broken_file_is_said(tmp_path):
    with pytest.raises(CheckpointError, match="there is no text tokenizer at"):
        TextTokenizer.from_file(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(CheckpointError, match="is not a tokenizer file"):
        TextTokenizer.from_file(tmp_path)


def foreign(add_prefix_space: bool = False) -> Tokenizer:
    """A tokenizer as language models ship it: it normalises, and some text makes special tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(["a red fox"] * 9, BpeTrainer(initial_alphabet=alphabet, show_progress=False))
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", special=True)])
    return tokenizer


@pytest.mark.parametrize("text", HARD)
def test_a_foreign_tokenizer_becomes_lossless(text):
    tokenizer = TextTokenizer(foreign())
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert b"<|endoftext|>" not in tokenizer.token_bytes


def test_tokenizers_that_lose_text_are_refused():
    with pytest.raises(CheckpointError, match="changes text"):
        TextTokenizer(foreign(add_prefix_space=True))
    with pytest.raises(CheckpointError, match="byte-level BPE"):
        TextTokenizer(Tokenizer(models.WordLevel({"a": 0}, unk_token="a")))
    with pytest.raises(CheckpointError, match="lacks a token for some single byte"):
        TextTokenizer(Tokenizer(models.BPE({"a": 0, "b": 1, "ab": 2}, [("a", "b")])))
