"""Where in a picture would pasting which drawing explain most? All kinds, colours, sizes and offsets at once, by FFT.

Let P be a picture, C what is known of it so far (ground and things found), W in [0, 1] the pixels that still count. Pasting a
drawing with premultiplied colour S and opacity a turns C into S + (1 - a) C, and the squared error falls by the *gain*

    sum of W (2 (P - C) (S - aC) - (S - aC)²)     over pixels and channels.

Multiplied out, that is a sum of correlations of pictures (WP, WC², …) with templates (S, aS, a², …), exact for every offset
however C varies. And a drawing is affine in its colour k: S = F + kM, with M the opacity of the recoloured fill. So five
correlations a kind and size (one constant, three linear in k, one quadratic) serve all colours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from einops import rearrange
from jaxtyping import Complex, Float, Int
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

from anyvl.data.scenes.catalogue import COLOUR_NAMES, COLOURS, KIND_NAMES
from anyvl.data.scenes.sprites import MIP_SIDES, Sprites

_COLOUR_RGB = torch.tensor(list(COLOURS.values()), dtype=torch.float32) / 255
_SHRINK = 2
"""The search runs on pictures this many times smaller; offsets are whole px of those."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A thing that might be there: kind and colour by number, centre and size in px, and its gain in the search."""

    kind: int
    colour: int
    x: float
    y: float
    size: float
    gain: float


def stamp(
    sprites: Sprites, things: Int[Tensor, "thing 2"], where: Float[Tensor, "thing 3"], height: int, width: int
) -> Float[Tensor, "thing 4 height width"]:
    """Things alone, premultiplied RGBA; `things` is (kind, colour) by number, `where` centre x, centre y and size in px."""
    sizes = where[:, 2]
    mips = torch.bucketize(sizes.contiguous(), torch.tensor(MIP_SIDES, dtype=torch.float32)).clamp(
        max=len(MIP_SIDES) - 1
    )
    across = (torch.arange(width) + 0.5 - where[:, :1]) * 2 / sizes[:, None]
    down = (torch.arange(height) + 0.5 - where[:, 1:2]) * 2 / sizes[:, None]
    grid = torch.stack([across[:, None, :].expand(-1, height, -1), down[:, :, None].expand(-1, -1, width)], dim=-1)
    rows = things[:, 0] * len(COLOUR_NAMES) + things[:, 1]
    made = torch.empty(len(things), 4, height, width)
    for mip in mips.unique().tolist():
        at = mips == mip
        made[at] = grid_sample(sprites.mips[mip][rows[at]], grid[at], align_corners=False)
    return made


class TemplateBank:
    """The drawings of all kinds at some sizes, transformed once for pictures of one height and width (even numbers)."""

    def __init__(self, sprites: Sprites, sizes: Sequence[float], height: int, width: int) -> None:
        self.sizes = tuple(sizes)
        self.height, self.width = height, width
        self._shape = (height // _SHRINK, width // _SHRINK)
        fixed, fill, alpha = (torch.cat(parts) for parts in zip(*(self._parts(sprites, s) for s in sizes), strict=True))
        parts = {
            "F": fixed,
            "M": fill,
            "a": alpha,
            "FF": (fixed**2).sum(1, keepdim=True),
            "MM": fill**2,
            "FM": fixed * fill,
            "aF": alpha * fixed,
            "aM": alpha * fill,
            "aa": alpha**2,
        }
        # conjugated: a product with it correlates instead of convolving
        self._spectra = {name: torch.fft.rfft2(part).conj().resolve_conj() for name, part in parts.items()}
        self._allowed = torch.stack([self._inside(size) for size in sizes])
        rgb = _COLOUR_RGB
        self._powers = torch.cat([torch.ones(len(rgb), 1), rgb, (rgb**2).sum(1, keepdim=True)], dim=1)

    def search(
        self,
        picture: Float[Tensor, "3 height width"],
        known: Float[Tensor, "3 height width"],
        weight: Float[Tensor, "1 height width"],
        how_many: int,
    ) -> list[Candidate]:
        """The kinds of greatest gain, each in its best colour, size and place, best first."""
        gains = self._gains(*(avg_pool2d(part, _SHRINK) for part in (picture, known, weight)))
        best, at = gains.flatten(-2).max(-1)  # size·kind, colour
        best = rearrange(best, "(size kind) colour -> kind (size colour)", kind=len(KIND_NAMES))
        at = rearrange(at, "(size kind) colour -> kind (size colour)", kind=len(KIND_NAMES))
        top, column = best.max(1)
        found = []
        for kind in top.argsort(descending=True)[:how_many].tolist():
            size_number, colour = divmod(int(column[kind]), len(COLOUR_NAMES))
            y, x = divmod(int(at[kind, column[kind]]), self._shape[1])
            size = self.sizes[size_number]
            found.append(
                Candidate(
                    kind=kind,
                    colour=colour,
                    x=x * _SHRINK + size / 2,
                    y=y * _SHRINK + size / 2,
                    size=size,
                    gain=float(top[kind]) * _SHRINK**2,
                )
            )
        return found

    def _gains(
        self, picture: Float[Tensor, "3 h w"], known: Float[Tensor, "3 h w"], weight: Float[Tensor, "1 h w"]
    ) -> Float[Tensor, "template colour h w"]:
        """The gain of every template in every colour with its corner at every pixel; -inf where it would stick out."""
        rest = picture - known

        def spectrum(image: Float[Tensor, "c h w"]) -> Complex[Tensor, "c h f"]:
            return torch.fft.rfft2(image)

        rests, knowns, weights = spectrum(weight * rest), spectrum(weight * known), spectrum(weight)
        cross = spectrum(2 * weight * (rest * known).sum(0, keepdim=True))
        square = spectrum(weight * (known**2).sum(0, keepdim=True))
        of = self._spectra
        constant = 2 * (of["F"] * rests + of["aF"] * knowns).sum(1, keepdim=True)
        constant -= of["a"] * cross + of["FF"] * weights + of["aa"] * square
        linear = 2 * (of["M"] * rests + of["aM"] * knowns - of["FM"] * weights)
        maps = torch.fft.irfft2(torch.cat([constant, linear, -of["MM"] * weights], dim=1), s=self._shape)
        gains = torch.einsum("kp,tpn->tkn", self._powers, maps.flatten(2))
        gains.masked_fill_(~self._allowed.repeat_interleave(len(KIND_NAMES), 0).flatten(1)[:, None], -torch.inf)
        return gains.unflatten(2, self._shape)

    def _parts(
        self, sprites: Sprites, size: float
    ) -> tuple[Float[Tensor, "kind 3 h w"], Float[Tensor, "kind 1 h w"], Float[Tensor, "kind 1 h w"]]:
        """Of all kinds at a size, in the top left corner of a picture: what is fixed, the fill's opacity, the opacity."""
        things = torch.cartesian_prod(torch.arange(len(KIND_NAMES)), torch.arange(len(COLOUR_NAMES)))
        where = torch.tensor([[size / 2, size / 2, size]]).expand(len(things), 3)
        rgba = avg_pool2d(stamp(sprites, things, where, self.height, self.width), _SHRINK)
        rgba = rearrange(rgba, "(kind colour) c h w -> kind colour c h w", colour=len(COLOUR_NAMES))
        rgb, alpha = rgba[:, :, :3], rgba[:, 0, 3:]
        # least squares over colours and channels
        mean = _COLOUR_RGB.mean(0)
        off = _COLOUR_RGB - mean
        fill = torch.einsum("kc,nkchw->nhw", off, rgb)[:, None] / (off**2).sum()
        return rgb.mean(1) - mean[:, None, None] * fill, fill, alpha

    def _inside(self, size: float) -> Tensor:
        """Offsets at which a thing of a size lies in the picture."""
        allowed = torch.zeros(self._shape, dtype=torch.bool)
        rows, columns = (max(1, round(side - size / _SHRINK) + 1) for side in self._shape)
        allowed[:rows, :columns] = True
        return allowed
