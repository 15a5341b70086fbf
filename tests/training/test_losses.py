"""The loss: chunked logits give the gradients of the plain formula, and branches of a tree learn as the sequences apart."""

import numpy as np
import pytest
import torch

from anyvl.data.mixture import packed, rows_of, side_by_side
from anyvl.model.decoder import Decoder, DecoderConfig
from anyvl.model.tree_mask import tree_mask
from anyvl.sequence import Rows, TokenSequence, TokenTree
from anyvl.training.losses import next_id_loss
from anyvl.vocabulary import MODALITIES, Vocabulary

VOCABULARY = Vocabulary(num_text=40, coordinate_bins=16, num_codes=64)
KINDS = torch.from_numpy(VOCABULARY.modalities().astype(np.int64))
WEIGHTS = {"text": 0.5, "control": 0.25, "coordinate": 1.0, "image": 2.0}


def decoder() -> Decoder:
    torch.manual_seed(0)
    config = DecoderConfig(
        vocab_size=VOCABULARY.size, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=16, max_position_embeddings=128,
    )  # fmt: skip
    return Decoder(config)


def batch(trees: list[TokenTree], kind: str = "trees") -> dict[str, torch.Tensor]:
    rows = Rows.of(trees, pad_id=VOCABULARY.control("eos"))
    names = ("ids", "weights", "positions", "branches")
    return {
        f"{kind}.{n}": torch.from_numpy(getattr(rows, n)).to(torch.float32 if n == "weights" else torch.int64)
        for n in names
    }


def sequence(ids: list[int], first_weight: int) -> TokenSequence:
    """Ids with loss from the one at `first_weight` on."""
    weights = np.where(np.arange(len(ids)) < first_weight, 0.0, 1.0).astype(np.float32)
    return TokenSequence(ids=np.array(ids, np.int32), weights=weights)


def plain_loss(model: Decoder, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    rows = rows_of(batch)["trees"]
    hidden = model.hidden(rows["ids"], rows["positions"], tree_mask(rows["branches"]))
    logs = model.logits(hidden[:, :-1]).log_softmax(-1)
    targets, weights = rows["ids"][:, 1:], rows["weights"][:, 1:]
    nats = -logs.gather(-1, targets[..., None])[..., 0]
    total = torch.zeros(())
    for number, name in enumerate(MODALITIES):
        mine = weights * (KINDS[targets] == number)
        total = total + WEIGHTS[name] * (nats * mine).sum() / mine.sum().clamp_min(1e-6)
    return total


def test_loss_and_gradients_are_those_of_the_plain_formula():
    dice = np.random.default_rng(0)
    trees = [
        TokenTree.of([sequence(dice.integers(VOCABULARY.size, size=size).tolist(), 3)])
        for size in (70, 90, 40, 77, 100)
    ]
    rows, model = batch(trees), decoder()
    total, figures = next_id_loss(model, rows, KINDS, WEIGHTS)
    (3 * total).backward()
    found = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    model.zero_grad()
    expected = plain_loss(model, rows)
    (3 * expected).backward()
    assert total.item() == pytest.approx(expected.item(), rel=1e-5)
    assert sum(WEIGHTS[name] * float(value) for name, value in figures.items()) == pytest.approx(total.item(), rel=1e-5)
    for one, parameter in zip(found, model.parameters(), strict=True):
        assert parameter.grad is not None
        torch.testing.assert_close(one, parameter.grad, atol=1e-6, rtol=1e-4)


def test_rows_of_any_lengths_learn_the_same_with_a_mask_or_without():
    dice = np.random.default_rng(2)
    sizes = (30, 34, 28, 90)
    trees = [TokenTree.of([sequence(dice.integers(VOCABULARY.size, size=size).tolist(), 3)]) for size in sizes]
    model = decoder()
    masked = next_id_loss(model, batch(trees), KINDS, WEIGHTS)[0]
    apart = next_id_loss(model, batch(trees[:3], "lines 34") | batch(trees[3:]), KINDS, WEIGHTS)[0]
    assert apart.item() == pytest.approx(masked.item(), rel=1e-5)


def test_a_tree_learns_what_its_sequences_learn_apart():
    dice = np.random.default_rng(1)
    trunk = dice.integers(VOCABULARY.size, size=20).tolist()
    ends = [dice.integers(VOCABULARY.size, size=size).tolist() for size in (9, 14, 4)]
    members = [sequence(trunk + end, 22) for end in ends]  # what is common bears no loss, so both ways count the same
    model = decoder()
    one = next_id_loss(model, batch([TokenTree.of(members)]), KINDS, WEIGHTS)[0]
    apart = next_id_loss(model, batch([TokenTree.of([m]) for m in members]), KINDS, WEIGHTS)[0]
    assert one.item() == pytest.approx(apart.item(), rel=1e-5)
    one.backward()
    found = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    model.zero_grad()
    apart.backward()
    for gradient, parameter in zip(found, model.parameters(), strict=True):
        assert parameter.grad is not None
        torch.testing.assert_close(gradient, parameter.grad, atol=1e-6, rtol=1e-3)


def test_trees_packed_in_one_row_learn_what_they_learn_side_by_side():
    dice = np.random.default_rng(3)
    trees = []
    for sizes in ((9, 14, 4), (30,), (5, 7), (41,), (12, 12)):
        trunk = dice.integers(VOCABULARY.size, size=10).tolist()
        members = [sequence(trunk + dice.integers(VOCABULARY.size, size=size).tolist(), 12) for size in sizes]
        trees.append(TokenTree.of(members))
    pad, model = VOCABULARY.control("eos"), decoder()
    rows = packed(trees, 64, pad)
    assert list(rows_of(rows)) == ["packed 64"] and len(rows["packed 64.ids"]) < len(trees)
    one = next_id_loss(model, rows, KINDS, WEIGHTS)[0]
    one.backward()
    found = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    model.zero_grad()
    apart = next_id_loss(model, side_by_side(trees, pad), KINDS, WEIGHTS)[0]
    apart.backward()
    assert one.item() == pytest.approx(apart.item(), rel=1e-5)
    for gradient, parameter in zip(found, model.parameters(), strict=True):
        assert parameter.grad is not None
        torch.testing.assert_close(gradient, parameter.grad, atol=1e-6, rtol=1e-3)
