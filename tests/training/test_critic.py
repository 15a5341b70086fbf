"""The critic's three losses: whom their gradients reach, and that a painter who listens gets nearer to what is drawn."""

import torch
from torch import nn

from anyvl.training.config import Schedule
from anyvl.training.critic import Critic, criticism, judged


def test_gradients_reach_the_painter_or_the_critic_never_both() -> None:
    torch.manual_seed(0)
    critic = Critic(width=8, depth=2)
    drawn, painted = torch.rand(2, 3, 24, 32), torch.rand(2, 3, 24, 32, requires_grad=True)
    found_out, off, mistakes = judged(critic, painted, drawn)
    for loss in (found_out, off):
        (slope,) = torch.autograd.grad(loss, painted, retain_graph=True)
        assert slope.abs().sum() > 0
        assert all(
            g is None for g in torch.autograd.grad(loss, [*critic.parameters()], retain_graph=True, allow_unused=True)
        )
    (nothing,) = torch.autograd.grad(mistakes, painted, retain_graph=True, allow_unused=True)
    assert nothing is None
    assert all(g.abs().sum() > 0 for g in torch.autograd.grad(mistakes, [*critic.parameters()]) if g.ndim > 1)


def test_a_critic_learns_to_tell_blur_from_edges() -> None:
    torch.manual_seed(0)
    critic = Critic(width=8, depth=2)
    optimizer = torch.optim.Adam(critic.parameters(), 3e-3)
    for _ in range(60):
        drawn = (torch.rand(4, 3, 24, 32) > 0.5).float()
        blurred = nn.functional.avg_pool2d(drawn, 3, 1, 1)
        mistakes = judged(critic, blurred, drawn)[2]
        optimizer.zero_grad()
        mistakes.backward()
        optimizer.step()
    drawn = (torch.rand(4, 3, 24, 32) > 0.5).float()
    blurred = nn.functional.avg_pool2d(drawn, 3, 1, 1)
    with torch.no_grad():
        assert critic(drawn)[0].mean() > 0.5 > -0.5 > critic(blurred)[0].mean()
        assert judged(critic, drawn, drawn)[1] == 0 < judged(critic, blurred, drawn)[1]


def test_a_critic_that_is_not_trusted_leaves_the_painter_alone() -> None:
    torch.manual_seed(0)
    critic = Critic(width=8, depth=2)
    drawn, painted = torch.rand(2, 3, 24, 32), torch.rand(2, 3, 24, 32, requires_grad=True)
    for trust in (0.0, 1.0):
        paid, _ = criticism(critic, painted, drawn, adversarial_weight=0.5, feature_weight=0.0, trust=trust)
        (slope,) = torch.autograd.grad(paid, painted)
        assert slope.any() == bool(trust)
    better = (painted - slope).detach()  # what costs less is found out less
    assert critic(better)[0].mean() > critic(painted)[0].mean()
    assert Schedule(steps=9, rate=1.0, warmup=4).trust(0) == 0 and Schedule(steps=9, rate=1.0, warmup=0).trust(0) == 1
