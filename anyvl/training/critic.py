"""What a tokenizer's pictures are held against besides pixels: a critic that learns to tell drawn from painted ones.

A PatchGAN (Isola et al. 2017, arXiv:1611.07004) as in VQGAN, with the hinge loss (Lim & Ye 2017). Its inner features also measure
how far a painted picture is from the drawn one (feature matching, Wang et al. 2018, arXiv:1711.11585): a perceptual distance that
needs no network from elsewhere, and that learns what to look at.
"""

import itertools
from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from anyvl.model.vqgan import VQGAN

_Picture = Float[Tensor, "batch 3 height width"]


class Critic(nn.Module):
    """Strided convolutions; a verdict for each patch, above 0 for "drawn"."""

    def __init__(self, width: int = 32, depth: int = 3) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(depth)]
        stages: list[nn.Module] = [nn.Sequential(nn.Conv2d(3, widths[0], 4, 2, 1), nn.LeakyReLU(0.2))]
        for narrow, wide in itertools.pairwise(widths):
            convolution = nn.Conv2d(narrow, wide, 4, 2, 1, bias=False)
            stages.append(nn.Sequential(convolution, nn.GroupNorm(8, wide), nn.LeakyReLU(0.2)))
        self.stages = nn.ModuleList(stages)
        self.verdict = nn.Conv2d(widths[-1], 1, 3, 1, 1)

    def forward(self, picture: _Picture) -> tuple[Float[Tensor, "batch 1 rows columns"], list[Tensor]]:
        """Verdicts, and what every stage makes of the picture."""
        features = []
        for stage in self.stages:
            picture = stage(picture)
            features.append(picture)
        return self.verdict(picture), features


class Studio(nn.Module):
    """A tokenizer that learns to paint and, where it has one, its critic."""

    def __init__(self, painter: VQGAN, critic: Critic | None) -> None:
        super().__init__()
        self.painter, self.critic = painter, critic


def criticism(
    critic: Critic,
    painted: _Picture,
    drawn: _Picture,
    *,
    adversarial_weight: float,
    feature_weight: float,
    trust: float,
) -> tuple[Float[Tensor, ""], dict[str, Tensor]]:
    """What painter and critic pay together, and what to log. trust: in the critic, 0 at first: it knows nothing yet."""
    found_out, off, mistakes = judged(critic, painted, drawn)
    paid = trust * (adversarial_weight * found_out + feature_weight * off) + mistakes
    return paid, {"found_out": found_out, "features": off, "critic": mistakes}


def judged(
    critic: Critic, painted: _Picture, drawn: _Picture
) -> tuple[Float[Tensor, ""], Float[Tensor, ""], Float[Tensor, ""]]:
    """What the painter pays for being found out, how far its features are off, and what the critic pays for its mistakes.

    Gradients of the first two reach the painter alone, those of the third the critic alone.
    """
    frozen = {name: weight.detach() for name, weight in critic.named_parameters()}
    verdict, features = _seen(critic, frozen, painted)
    with torch.no_grad():
        true = critic(drawn)[1]
    off = torch.stack([(mine - other).abs().mean() for mine, other in zip(features, true, strict=True)]).mean()
    on_drawn, on_painted = critic(drawn)[0], critic(painted.detach())[0]
    mistakes = 0.5 * (torch.relu(1 - on_drawn).mean() + torch.relu(1 + on_painted).mean())
    return -verdict.mean(), off, mistakes


def _seen(critic: Critic, weights: Mapping[str, Tensor], picture: _Picture) -> tuple[Tensor, list[Tensor]]:
    return functional_call(critic, dict(weights), (picture,))
