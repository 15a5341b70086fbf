"""The image tokenizer: shapes, codes of a cell alone, and a codebook that follows and revives."""

import numpy as np
import pytest
import torch

from anyvl.model.image_tokenizer import VQGANTokenizer, load_image_tokenizer, save_image_tokenizer
from anyvl.model.quantizer import Quantizer
from anyvl.model.vqgan import VQGAN, VQGANConfig


def small(**changes: object) -> VQGAN:
    torch.manual_seed(0)
    fields = {"num_codes": 64, "stem": 4, "channels": (32, 32), "norm_num_groups": 8, "latent_channels": 8, **changes}
    return VQGAN(VQGANConfig(**fields)).eval()  # type: ignore[arg-type]


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(256, size=(height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("cellwise", [False, True])
def test_a_picture_has_a_code_for_each_cell_and_comes_back_at_its_size(cellwise, tmp_path):
    tokenizer = VQGANTokenizer(small(cellwise=cellwise))
    codes = tokenizer.encode(noise(30, 50), 3, 5)
    assert (codes.rows, codes.columns) == (3, 5) and tokenizer.decode(codes).shape == (24, 40, 3)
    save_image_tokenizer(tokenizer.model, tmp_path)
    again = load_image_tokenizer(tmp_path)
    assert again.model.config == tokenizer.model.config
    assert again.encode(noise(30, 50), 3, 5) == codes
    assert np.array_equal(again.decode(codes), tokenizer.decode(codes))


def test_a_cellwise_code_is_a_function_of_its_own_pixels():
    tokenizer = VQGANTokenizer(small(cellwise=True))
    one, other = noise(24, 40), noise(24, 40, seed=1)
    other[8:16, 16:24] = one[8:16, 16:24]
    first, second = (tokenizer.encode(picture, 3, 5).array() for picture in (one, other))
    assert first[1, 2] == second[1, 2] and (first != second).sum() >= 12
    moved = tokenizer.encode(np.roll(one, (8, 16), (0, 1)), 3, 5).array()
    assert np.array_equal(moved, np.roll(first, (1, 2), (0, 1)))


@pytest.mark.parametrize("side", [8, 3])  # a cell of 3 × 3 px has no whole number of words
def test_cells_that_are_alike_have_one_code_and_it_is_the_nearest(side):
    model = small(cellwise=True) if side == 8 else small(cellwise=True, stem=3, channels=(32,))
    assert model.config.factor == side
    tiles = noise(side, 3 * side).reshape(side, 3, side, 3)[:, [0, 1, 0, 2, 1]].reshape(side, 5 * side, 3)
    picture = torch.from_numpy(np.concatenate([tiles, tiles[:, ::-1], tiles]))[None]
    codes = model.encode(picture)
    vectors = model.latents(picture.permute(0, 3, 1, 2) / 127.5 - 1)[0].flatten(1).T
    assert codes.flatten().tolist() == model.quantize.nearest(torch.nn.functional.normalize(vectors)).tolist()
    assert (codes[0, 0] == codes[0, 2]).all() and codes[0, 0, 0] == codes[0, 0, 2] != codes[0, 0, 1]


def test_a_convolutional_code_sees_its_neighbours():
    tokenizer = VQGANTokenizer(small())
    one, other = noise(24, 40), noise(24, 40, seed=1)
    other[8:16, 16:24] = one[8:16, 16:24]
    latents = [
        tokenizer.model.latents(torch.from_numpy(picture / 127.5 - 1).float().permute(2, 0, 1)[None])[0, :, 1, 2]
        for picture in (one, other)
    ]
    assert not torch.allclose(*latents)


def test_the_codebook_follows_its_members_and_revives_what_has_none():
    torch.manual_seed(0)
    quantizer = Quantizer(8, 3, decay=0.5)
    # three directions, one of them a thousand times as frequent: what is well held already gets no further code
    points = torch.nn.functional.normalize(torch.tensor([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]]), dim=-1)
    vectors = points.repeat_interleave(torch.tensor([1000, 4, 4]), 0)
    quantizer.train()
    quantizer.codebook.copy_(points[:1].expand(8, 3) + 0.01 * torch.randn(8, 3))
    for _ in range(12):
        quantizer(vectors.T[None, :, :, None])
    dead = quantizer.revive(vectors, torch.Generator().manual_seed(0))
    assert dead >= 5
    codes = quantizer.codebook[quantizer.nearest(points)]
    assert float((codes - points).norm(dim=-1).max()) < 0.05
    assert quantizer.nearest(points).unique().numel() == 3


def test_codes_that_stand_for_the_same_are_read_as_the_commonest_and_no_others(tmp_path):
    model = small(cellwise=True)
    book = model.quantize.codebook
    book[5] = torch.nn.functional.normalize(book[9] + 1e-4 * book[2], dim=-1)
    book[7] = torch.nn.functional.normalize(book[9] + 0.3 * book[2], dim=-1)  # a neighbour, and no more
    counts = torch.ones(64)
    counts[5] = 2
    before = model.quantize.nearest(book)
    assert before.tolist() == list(range(64))
    assert model.quantize.unite(counts) == 1
    read = model.quantize.nearest(book)
    assert read[9] == 5 and (read != before).sum() == 1
    save_image_tokenizer(model, tmp_path, torch.bfloat16)
    assert torch.equal(load_image_tokenizer(tmp_path).model.quantize.read_as, model.quantize.read_as)


def test_codes_of_one_direction_that_lie_apart_stay_apart_off_the_sphere():
    quantizer = Quantizer(8, 4, normalize=False)
    quantizer.codebook[5] = 3 * quantizer.codebook[2]
    assert quantizer.unite(torch.ones(8)) == 0
    quantizer.codebook[5] = 1.001 * quantizer.codebook[2]
    assert quantizer.unite(torch.ones(8)) == 1


def test_a_united_code_that_is_revived_stands_for_itself():
    quantizer = Quantizer(16, 4)
    quantizer.codebook[5] = quantizer.codebook[2]
    quantizer.unite(torch.ones(16))
    quantizer.members[5] = 0
    vectors = torch.nn.functional.normalize(torch.randn(40, 4), dim=-1)
    assert quantizer.revive(vectors, torch.Generator().manual_seed(0)) == 1
    assert int(quantizer.nearest(quantizer.codebook[5:6])) == 5


def test_weights_of_before_codes_were_united_can_still_be_read(tmp_path):
    model = small()
    old = {name: value for name, value in model.state_dict().items() if name != "quantize.read_as"}
    again = small()
    again.quantize.read_as[3] = 4
    again.load_state_dict(old)
    assert again.quantize.read_as[3] == 4  # what was united just before stays so
    save_image_tokenizer(model, tmp_path)
    assert torch.equal(load_image_tokenizer(tmp_path).model.quantize.read_as, torch.arange(64))


def test_a_codebook_that_is_trained_on_stays_where_it_was(tmp_path):
    model = small()
    save_image_tokenizer(model, tmp_path)
    again = load_image_tokenizer(tmp_path).model.train()
    before = again.quantize.codebook.clone()
    again(torch.rand(4, 3, 24, 40) * 2 - 1)
    nearness = (before * again.quantize.codebook).sum(-1)
    assert nearness.min() > 0.9 and (nearness < 0.99999).any()


def test_kept_codes_stay_while_the_pixels_learn():
    model = small(cellwise=True)
    model.keep_codes()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    picture = torch.from_numpy(noise(24, 40) / 127.5 - 1).float().permute(2, 0, 1)[None]
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    model.train()
    for _ in range(2):
        painted, quantised = model(picture)
        ((painted - picture).abs().mean() + quantised.commitment).backward()
        optimizer.step()
    changed = {name.split(".")[0] for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"decoder", "post_quant_conv"}
