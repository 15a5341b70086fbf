"""The byte-level text tokenizer: strings and local text ids, losslessly."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from anyvl.errors import CheckpointError, InputError
from anyvl.files import write_whole

_FILE_NAME = "tokenizer.json"
_PROBE = "a  A\u030a\u00c5\n\t\r\0\x7f don't 12345 \u65e5\u672c \U0001f98a\u200d\U0001f9af <|endoftext|> <box>\u00a0 "


class TextTokenizer:
    """A byte-level byte-pair tokenizer (Sennrich et al. 2016; bytes as in GPT-2) that gives every string back exactly.

    Its ids are local: they run from 0 to size-1, and only `Vocabulary` turns them into ids of the language. No string
    ever makes a control token: `<box>` in a prompt is five or fewer ordinary tokens.

        tokenizer = TextTokenizer.train(["a red fox", "a red ball"], size=300)
        tokenizer.decode(tokenizer.encode("a red \N{FOX FACE}")) == "a red \N{FOX FACE}"
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Take over a `tokenizers` tokenizer, without its normaliser, its added tokens and its post-processor.

        Those three would change text or let text write special tokens. Raises CheckpointError when what is left does
        not give text back byte by byte.
        """
        definition = json.loads(tokenizer.to_str())
        if definition["model"]["type"] != "BPE":
            raise CheckpointError(
                f"a text tokenizer is a byte-level BPE, but one of type {definition['model']['type']} came"
            )
        definition |= {
            "normalizer": None,
            "added_tokens": [],
            "post_processor": None,
            "truncation": None,
            "padding": None,
        }
        definition["decoder"] = json.loads(decoders.ByteLevel().__getstate__())
        self._tokenizer = Tokenizer.from_str(json.dumps(definition))
        vocabulary = self._tokenizer.get_vocab(with_added_tokens=False)
        self.size = len(vocabulary)
        if sorted(vocabulary.values()) != list(range(self.size)):
            raise CheckpointError("a text tokenizer's ids run from 0 to size-1, but these have gaps")
        letter_bytes = _bytes_of_letters()
        try:
            self.token_bytes: tuple[bytes, ...] = tuple(
                bytes(letter_bytes[letter] for letter in token)
                for token in sorted(vocabulary, key=vocabulary.__getitem__)
            )
        except KeyError as missing:
            raise CheckpointError(f"the text tokenizer is not byte-level: no byte belongs to {missing}") from missing
        if not {bytes([byte]) for byte in range(256)} <= set(self.token_bytes):
            raise CheckpointError("the text tokenizer lacks a token for some single byte, so some text would be lost")
        if self.decode(self.encode(_PROBE)) != _PROBE:
            raise CheckpointError(
                "the text tokenizer changes text (by a prefix space, or a splitter that drops letters)"
            )

    @classmethod
    def train(cls, texts: Iterable[str], size: int) -> "TextTokenizer":
        """Learn merges from texts until there are `size` tokens, or no pair is left to merge; size ≥ 256."""
        if size < 256:
            raise InputError(f"a byte-level tokenizer has at least 256 tokens, one a byte, but size={size} came")
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
        tokenizer.train_from_iterator(
            texts,
            trainers.BpeTrainer(
                vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
            ),
        )
        return cls(tokenizer)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> "TextTokenizer":
        """Read a `tokenizer.json`, or the one in a folder; CheckpointError when it is missing or not byte-level."""
        file = Path(path)
        file = file / _FILE_NAME if file.is_dir() else file
        if not file.is_file():
            raise CheckpointError(f"there is no text tokenizer at {file}")
        try:
            tokenizer = Tokenizer.from_file(str(file))
        except Exception as problem:  # the binding raises bare Exception
            raise CheckpointError(f"{file} is not a tokenizer file: {problem}") from problem
        return cls(tokenizer)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write `tokenizer.json` into a folder, which is made when it is not there."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        text = self._tokenizer.to_str()
        write_whole(Path(folder) / _FILE_NAME, lambda unfinished: unfinished.write_text(text, encoding="utf-8"))

    def encode(self, text: str) -> list[int]:
        """The local ids of a string; InputError for lone surrogates, which are no characters."""
        try:
            text.encode()
        except UnicodeEncodeError as problem:
            raise InputError(
                f"text is valid Unicode, but character {problem.start} is the lone surrogate "
                f"{text[problem.start]!r}: remove it"
            ) from problem
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, local_ids: Iterable[int]) -> str:
        """The string of local ids; InputError when their bytes are not UTF-8 (the grammar of text rules that out)."""
        written = b"".join(self.token_bytes[local_id] for local_id in local_ids)
        try:
            return written.decode()
        except UnicodeDecodeError as problem:
            raise InputError(f"these text ids make bytes that are not UTF-8: {problem}") from problem


def _bytes_of_letters() -> dict[str, int]:
    """GPT-2's printable letter for each byte, backwards: bytes printable in Latin-1 stand for themselves."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(others)}
