"""A small network that says what a picture of the scene world shows: the space in which sets of pictures are compared.

FID (Heusel et al. 2017), KID (Bińkowski et al. 2018) and LPIPS (Zhang et al. 2018) are mostly taken in the features of an
ImageNet network, which knows photographs. This one knows drawings: `train_feature_network` shows it nothing else, no code and
no picture of a model.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn.functional import normalize

from anyvl.data.scenes.repertoire import BASIC
from anyvl.model.checkpoint import load_strictly, load_tensors

FEATURE_REPERTOIRE = BASIC
"""The drawings it was trained on."""
FEATURE_WEIGHTS = Path(__file__).parent / "feature_network.safetensors"
_CHANNELS = (32, 64, 96, 128)
_WIDEST = 128


class FeatureNetwork(nn.Module):
    """Strided convolutions, then maxima over the picture: features, and from them what it shows, wherever that is."""

    num_features = 128
    sizes = (len(FEATURE_REPERTOIRE.things), len(FEATURE_REPERTOIRE.colours), len(FEATURE_REPERTOIRE.grounds))
    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        for narrow, wide in zip((3, *_CHANNELS), _CHANNELS, strict=False):
            stages += [nn.Conv2d(narrow, wide, 3, stride=2, padding=1), nn.GroupNorm(8, wide), nn.ReLU()]
        for narrow in (_CHANNELS[-1], _WIDEST):
            stages += [nn.Conv2d(narrow, _WIDEST, 3, padding=1), nn.GroupNorm(8, _WIDEST), nn.ReLU()]
        self.stages = nn.Sequential(*stages)
        self.feature = nn.Conv2d(_WIDEST, self.num_features, 1)
        self.register_buffer("mean", torch.zeros(self.num_features))
        self.register_buffer("deviation", torch.ones(self.num_features))
        self.shown = nn.Linear(self.num_features, sum(self.sizes))

    def forward(self, pictures: UInt8[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch feature"]:
        """The features of pictures of any size; over drawn scenes each has mean 0 and variance 1, about."""
        return (self._hidden(pictures) - self.mean) / self.deviation

    def says(
        self, pictures: UInt8[Tensor, "batch 3 height width"]
    ) -> tuple[Float[Tensor, "batch kind"], Float[Tensor, "batch colour"], Float[Tensor, "batch ground"]]:
        """Logits: of each thing and of each colour of its repertoire that it is there, and of each ground."""
        kinds, colours, grounds = self.shown(self._hidden(pictures)).split(self.sizes, dim=1)
        return kinds, colours, grounds

    def apart(
        self, one: UInt8[Tensor, "batch 3 height width"], other: UInt8[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, " batch"]:
        """How differently the network sees two pictures of one size; 0 is the same, whichever comes first.

        As LPIPS (Zhang et al. 2018, arXiv:1801.03924) with all channels weighed alike: squared distance of the unit vectors of
        channels at every place, mean over places, sum over stages.
        """
        mine, others, total = (
            one.float() / 127.5 - 1,
            other.float() / 127.5 - 1,
            one.new_zeros(len(one), dtype=torch.float32),
        )
        for layer in self.stages:
            mine, others = layer(mine), layer(others)
            if isinstance(layer, nn.ReLU):
                total = total + (normalize(mine) - normalize(others)).square().sum(1).mean((1, 2))
        return total

    def standardise(self, pictures: Sequence[UInt8[Tensor, "_ 3 _ _"]]) -> None:
        """Take mean and deviation of the features from batches of drawn scenes."""
        with torch.inference_mode():
            hidden = torch.cat([self._hidden(batch) for batch in pictures])
        self.mean, self.deviation = hidden.mean(0), hidden.std(0).clamp_min(1e-3)

    def _hidden(self, pictures: UInt8[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch feature"]:
        return torch.relu(self.feature(self.stages(pictures.float() / 127.5 - 1))).amax((2, 3))


def load_feature_network() -> FeatureNetwork:
    """The network that ships with the package, made by `python -m anyvl.evaluation.train_feature_network`."""
    network = FeatureNetwork()
    load_strictly(
        network, {name: value.float() for name, value in load_tensors(FEATURE_WEIGHTS).items()}, FEATURE_WEIGHTS
    )
    return network.eval()
