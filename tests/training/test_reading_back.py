"""What is painted is read back: the loss is low where it is read as what it was painted from, and its gradient leads there."""

import torch

from anyvl.data.scenes.world import World
from anyvl.model.vqgan import VQGAN, VQGANConfig
from anyvl.training.train_vqgan import _ONE_IN, _read_back, unite_codes


def small() -> VQGAN:
    torch.manual_seed(0)
    return VQGAN(
        VQGANConfig(num_codes=64, stem=4, channels=(32, 32), norm_num_groups=8, latent_channels=8, cellwise=True)
    )


def test_a_picture_is_read_as_its_codes_and_as_no_others() -> None:
    model = small().eval()
    bytes_ = torch.randint(256, (2, 24, 40, 3), dtype=torch.uint8)
    codes, picture = model.encode(bytes_), bytes_.permute(0, 3, 1, 2) / 127.5 - 1
    right, share = _read_back(model, picture, codes, step=0)
    wrong, none = _read_back(model, picture, (codes + 1) % 64, step=0)
    assert share == 1 and none == 0 and right < wrong
    changed = codes.clone()
    changed.view(-1)[3::_ONE_IN] = (changed.view(-1)[3::_ONE_IN] + 1) % 64
    assert [float(_read_back(model, picture, changed, step)[1]) for step in range(_ONE_IN)] == [1, 1, 1, 0, 1, 1, 1, 1]


def test_its_gradient_makes_a_picture_be_read_as_other_codes() -> None:
    model = small().eval()
    model.keep_codes()
    picture = (torch.rand(2, 3, 24, 40) * 2 - 1).requires_grad_()
    wanted = model.encode(torch.randint(256, (2, 24, 40, 3), dtype=torch.uint8))
    optimizer = torch.optim.Adam([picture], lr=0.02)
    shares = []
    for step in range(160):
        loss, share = _read_back(model, picture, wanted, step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        shares.append(float(share))
    assert sum(shares[:8]) / 8 < 0.3 and sum(shares[-8:]) / 8 > 0.8


def test_codes_are_united_once_by_how_common_they_are_in_the_world() -> None:
    model, world = small().eval(), World(grids=((8, 10), (8, 8)), factor=8)
    common = int(model.encode(torch.full((1, 8, 8, 3), 245, dtype=torch.uint8)))
    twin = (common + 1) % 64
    model.quantize.codebook[twin] = model.quantize.codebook[common] + 1e-5
    unite_codes(model, world)
    read_as = model.quantize.read_as.clone()
    assert read_as[common] == read_as[twin]
    model.quantize.codebook[(common + 2) % 64] = model.quantize.codebook[common]
    unite_codes(model, world)
    assert torch.equal(model.quantize.read_as, read_as)
