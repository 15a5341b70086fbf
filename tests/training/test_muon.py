"""Muon steps as torch's own does, its iteration makes singular values even, and it has what is hidden alone."""

import pytest
import torch

from anyvl.refiner import RefinerUNet
from anyvl.training.config import Schedule
from anyvl.training.muon import Muon, orthogonalised
from anyvl.training.optimizer import refiner_optimizers


@pytest.mark.parametrize("shape", [(3, 24, 40), (2, 40, 24), (1, 16, 16)])
def test_singular_values_come_near_one(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalised(matrices))
    assert float(values.min()) > 0.4 and float(values.max()) < 1.4


def test_steps_are_those_of_torch():
    torch.manual_seed(0)
    start = [torch.randn(24, 40), torch.randn(40, 24), torch.randn(24, 40)]
    ours, theirs = ([torch.nn.Parameter(value.clone()) for value in start] for _ in range(2))
    settings = {"lr": 0.02, "weight_decay": 0.1, "momentum": 0.95}
    optimizers = [Muon(ours, **settings, dtype=torch.bfloat16), torch.optim.Muon(theirs, **settings)]
    for step in range(3):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            one.grad = torch.randn(one.shape, generator=torch.Generator().manual_seed(10 * step + number))
            other.grad = one.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    for one, other, first in zip(ours, theirs, start, strict=True):
        moved = float((other.detach() - first).norm())
        assert float((one - other).detach().norm()) < 0.02 * moved  # both iterate in bf16, rounding apart


def test_a_convolution_is_a_matrix_of_a_filter_a_row():
    start = torch.randn(24, 5, 3, 3, generator=torch.Generator().manual_seed(0))
    filters, matrix = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.flatten(1).clone())
    for parameter in (filters, matrix):
        parameter.grad = torch.randn(24, 45, generator=torch.Generator().manual_seed(1)).view(parameter.shape)
        Muon([parameter], lr=0.02).step()
    assert torch.equal(filters.flatten(1), matrix) and not torch.equal(filters, start)


def test_muon_has_the_hidden_convolutions_alone() -> None:
    unet = RefinerUNet((8, 8), 1, (2,), 4)
    muon, adamw = refiner_optimizers(unet, Schedule(steps=9, rate=1.0))
    names = {id(p): name for name, p in unet.named_parameters()}
    held = [{names[id(p)] for group in one.param_groups for p in group["params"]} for one in (muon, adamw)]
    assert held[0] | held[1] == set(names.values()) and not held[0] & held[1]
    blocks = ("down_blocks", "downsamplers", "mid_blocks", "upsamplers", "up_blocks")
    assert {name.split(".")[0] for name in held[0]} == set(blocks)
    assert all("time" not in name for name in held[0])
