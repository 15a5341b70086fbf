"""The critic's three losses: whom their gradients reach, and that a painter who listens gets nearer to what is drawn."""

import torch
from torch import nn

from anyvl.training.critic import Critic, judged


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
