"""Small grammars, random networks and requests, for tests of what writes sentences."""

import torch

from anyvl.generation import DecoderStepper, Request
from anyvl.grammar.automaton import compile_grammar
from anyvl.grammar.rules import box_corners, ring_vertices
from anyvl.grammar.terms import Cell, Either, InPicture, OneOf, Phrases, Repeat, Sequence, Text, Token
from anyvl.model.decoder import Decoder, DecoderConfig
from anyvl.vocabulary import Vocabulary

VOCABULARY = Vocabulary(num_text=8, coordinate_bins=16, num_codes=24)
PIECES = (b"a", b"b", b"\xc3", b"\xa9", b"\xe2\x82", b"\xac", b" ", b"ab\xc3")


def control(name):
    return Token(VOCABULARY.control(name))


def bins(*values):
    return [Token(VOCABULARY.coordinate(value)) for value in values]


def picture(rows, columns):
    lines = [
        Sequence(*bins(2 * row), *(Cell(row * columns + column) for column in range(columns))) for row in range(rows)
    ]
    inside = Sequence(*bins(rows, columns), *lines, control("image_end"))
    return Sequence(control("image"), InPicture(inside))


LABEL = Either(Sequence(control("object"), Phrases(((1,), (1, 2), (3, 4, 5)))), Sequence(control("none"), Token(6)))
BOX = Sequence(control("box"), box_corners(16), LABEL, control("object_end"))
TERMS = {
    "words": Sequence(Text(PIECES), control("eos")),
    "letters": Sequence(Repeat(OneOf(range(2)), at_least=2), control("eos")),
    "boxes": Sequence(Repeat(BOX), control("eos")),
    "two boxes": Sequence(Repeat(BOX, at_least=2), control("eos")),
    "rings": Sequence(Repeat(Sequence(control("ring"), ring_vertices(6)), at_least=1), control("eos")),
    "picture": Sequence(picture(3, 4), control("eos")),
    "plan": Sequence(
        Repeat(Sequence(control("box"), box_corners(16)), at_most=2), OneOf(range(8)), picture(2, 3), control("eos")
    ),
    "rest": Sequence(Repeat(OneOf(range(2))), control("eos")),
}
GRAMMARS = {name: compile_grammar(term, VOCABULARY) for name, term in TERMS.items()}


def stepper(seed=0, **changes):
    torch.manual_seed(seed)
    shape = dict(
        vocab_size=VOCABULARY.size, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, max_position_embeddings=256,
    )  # fmt: skip
    decoder = Decoder(DecoderConfig(**{**shape, **changes})).eval()
    with torch.no_grad():
        for parameter in decoder.parameters():  # wider logits, and layers that have a say, unlike at the start
            parameter.mul_(15 if parameter.ndim == 2 else 1)
    return DecoderStepper(decoder)


def request(name, *, budget=60, prefix=(8, 1, 2), **rest):
    return Request(prefix=prefix, grammar=GRAMMARS[name], budget=budget, **rest)
