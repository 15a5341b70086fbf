"""What is measured: random networks of stated sizes, and a picture of 256 codes painted by them."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from anyvl.generation import Request
from anyvl.grammar.automaton import compile_grammar
from anyvl.grammar.terms import Cell, InPicture, Sequence, Token
from anyvl.model.decoder import Decoder, DecoderConfig
from anyvl.sampling import Sampling
from anyvl.vocabulary import Vocabulary

VOCABULARY = Vocabulary(num_text=512, coordinate_bins=128, num_codes=16384)
SAMPLING = Sampling(temperature=0.7, top_p=0.9, guidance_scale=2.0)

SHAPES: dict[str, dict[str, Any]] = {
    "31M": dict(hidden_size=512, intermediate_size=1280, num_hidden_layers=8, num_attention_heads=8, num_key_value_heads=4),
    "94M": dict(hidden_size=768, intermediate_size=2240, num_hidden_layers=12, num_attention_heads=12, num_key_value_heads=4),
    "0.6B": dict(
        hidden_size=1024, intermediate_size=3072, num_hidden_layers=28, num_attention_heads=16, num_key_value_heads=8
    ),
    "1.5B": dict(
        hidden_size=1536, intermediate_size=8960, num_hidden_layers=28, num_attention_heads=12, num_key_value_heads=2
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A picture as another library has to paint it: its prompts as ids, how many codes, and which ids these are."""

    own: tuple[int, ...] = tuple(range(1, 21))
    unconditional: tuple[int, ...] = (1,)
    codes: int = 256
    first: int = VOCABULARY.image.start
    stop: int = VOCABULARY.image.stop
    sampling: Sampling = SAMPLING


def random_decoder(size: str, dtype: torch.dtype, device: str = "cpu") -> Decoder:
    """A decoder of one of SHAPES with weights as training starts from."""
    torch.manual_seed(0)
    head_dim = 128 if size.endswith("B") else 64
    config = DecoderConfig(vocab_size=VOCABULARY.size, head_dim=head_dim, max_position_embeddings=1024, **SHAPES[size])
    return Decoder(config).to(device=device, dtype=dtype).eval()


def picture_requests(count: int, subject: Subject, *, free: int | None = None) -> list[Request]:
    """Square pictures of as many codes, with guidance, seeds from 0 on.

    free: so many cells, a block four wide in the middle, are to be painted, all others are given; all if None.
    """
    side = math.isqrt(subject.codes)
    lines = [
        Sequence(
            Token(VOCABULARY.coordinate(row * 128 // side)), *(Cell(row * side + column) for column in range(side))
        )
        for row in range(side)
    ]
    marks = [Token(VOCABULARY.coordinate(side)), Token(VOCABULARY.coordinate(side))]
    end = Token(VOCABULARY.control("image_end"))
    grammar = compile_grammar(
        Sequence(
            Token(VOCABULARY.control("image")),
            InPicture(Sequence(*marks, *lines, end)),
            Token(VOCABULARY.control("eos")),
        ),
        VOCABULARY,
    )
    copy = None
    if free is not None:
        given = np.full((side, side), VOCABULARY.image.start + 7)
        top = (side - free // 4) // 2
        given[top : top + free // 4, side // 2 - 2 : side // 2 + 2] = -1
        copy = given.ravel()
    return [
        Request(
            prefix=subject.own,
            unconditional=subject.unconditional,
            grammar=grammar,
            budget=grammar.shortest,
            seed=seed,
            sampling=subject.sampling,
            copy=copy,
        )
        for seed in range(count)
    ]
