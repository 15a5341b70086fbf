"""Where in a picture would pasting which drawing explain most? All drawings, colours, sizes and offsets at once, by FFT.

Let P be a picture, C what is known of it so far (ground and things found), W in [0, 1] how much each pixel counts. Pasting a
drawing with premultiplied colour S and opacity a turns C into D = S + (1 - a) C, and the squared error falls by

    sum of W ((P - C)² - (P - D)²)     over pixels and channels.

Multiplied out, that is a sum of correlations of pictures (WP, WC², …) with templates (S, aS, a², …), exact for every offset
however C varies. And a drawing is affine in its colour k: S = F + kM, with M the opacity of the recoloured fill. So five
correlations a drawing and size (one constant, three linear in k, one quadratic) serve all colours.

A large drawing laid over two things explains a lot of both and is neither. So errors that a drawing leaves within its own outline
count `1 + PURITY` times, which makes the *gain* that is searched for.

Pictures and drawings are compared *soft*: blurred a little and at half the resolution, so that an edge half a pixel off, or
softened by an image tokenizer, costs little. The search itself goes over soft pictures at half their resolution once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from einops import rearrange, repeat
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, grid_sample, pad

from anyvl.data.scenes.sprites import MIP_SIDES, Sprites

SHRINK = 2
"""Soft pictures are this many times smaller than the pictures."""
_COARSER = 2
"""The search goes over pictures this many times smaller than soft ones."""
BLUR = 1.5
"""Standard deviation of the blur, in px of the picture."""
PURITY = 1.0
_SIDES = MIP_SIDES[:6]
"""Sides of the sprites that are compared: those of things in pictures of the sizes that are read."""
_MIDDLE = 0.5
"""Side of what is left out of a hollow figure, as a share of its own."""
_MARGIN = 0.25
"""Room around a soft drawing for what the blur spreads, as a share of its side."""


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Things that might be there, best first: drawings by their rows in the sprites; centre x, centre y and size in px."""

    drawings: Int[Tensor, "candidate"]
    where: Float[Tensor, "candidate 3"]


def soften(picture: Float[Tensor, "3 height width"]) -> Float[Tensor, "3 h w"]:
    """A picture (sides even) as it is compared: blurred, and `SHRINK` times smaller."""
    return avg_pool2d(_blurred(picture[None], BLUR, "replicate"), SHRINK)[0]


class SoftSprites:
    """The world's drawings, blurred as soft pictures are, each as its fixed part, its fill and its opacity.

    Behind them come the `hollow` ones once more without their middle, for figures that have something inside. solid: for each
    row, that of the same drawing whole.
    """

    def __init__(self, sprites: Sprites, hollow: Sequence[int] = ()) -> None:
        self._mips = []
        self.solid = torch.tensor([*range(len(sprites.rows)), *hollow])
        self.count = len(self.solid)
        previous = 0.75 * _SIDES[0]
        for mip, side in zip(sprites.mips, _SIDES, strict=False):
            # a mip serves sizes from the previous one's side to its own: the blur is right for the one in between
            blur = BLUR * side / ((previous * side) ** 0.5)
            parts = torch.cat([mip, mip[list(hollow)] * _rim(side)]).float() / 255
            self._mips.append(_blurred(pad(parts, [round(_MARGIN * side)] * 4), blur, "constant"))
            previous = side

    def parts(
        self, drawings: Int[Tensor, "thing"], where: Float[Tensor, "thing 3"], height: int, width: int
    ) -> Float[Tensor, "thing 5 height width"]:
        """Things alone in soft pictures of a height and width, as channels F (RGB), M and a; `where` in px of the picture."""
        sizes = where[:, 2].contiguous()
        level = torch.bucketize(sizes, torch.tensor(_SIDES, dtype=torch.float32)).clamp(max=len(_SIDES) - 1)
        margin = torch.tensor([1 + 2 * round(_MARGIN * side) / side for side in _SIDES])
        reach = (sizes * margin[level] / 2)[:, None]
        across = ((torch.arange(width) + 0.5) * SHRINK - where[:, :1]) / reach
        down = ((torch.arange(height) + 0.5) * SHRINK - where[:, 1:2]) / reach
        grid = torch.stack(
            [repeat(across, "thing x -> thing y x", y=height), repeat(down, "thing y -> thing y x", x=width)], dim=-1
        )
        made = torch.empty(len(drawings), 5, height, width)
        for mip in level.unique().tolist():
            members = level == mip
            made[members] = grid_sample(self._mips[mip][drawings[members]], grid[members], align_corners=False)
        return made


def coloured(
    parts: Float[Tensor, "thing 5 height width"], colours: Float[Tensor, "thing 3"]
) -> Float[Tensor, "thing 4 height width"]:
    """Premultiplied RGBA of drawings given by their parts, in colours (RGB)."""
    return torch.cat([parts[:, :3] + colours[:, :, None, None] * parts[:, 3:4], parts[:, 4:]], dim=1)


class TemplateBank:
    """All drawings at some sizes and in some colours, transformed once for soft pictures of one height and width (both even)."""

    def __init__(
        self, sprites: SoftSprites, colours: Float[Tensor, "colour 3"], sizes: Sequence[float], height: int, width: int
    ) -> None:
        self._count = sprites.count
        self._sizes = torch.tensor(sizes)
        self._shape = (height // _COARSER, width // _COARSER)
        made = torch.cat([_cornered(sprites, size, height, width) for size in sizes])
        fixed, fill, alpha = made[:, :3], made[:, 3:4], made[:, 4:]
        squares = 1 + PURITY / alpha.clamp(min=1e-3)
        parts = {
            "F": fixed,
            "M": fill,
            "a": alpha,
            "FF": squares * (fixed**2).sum(1, keepdim=True),
            "MM": squares * fill**2,
            "FM": squares * fixed * fill,
            "aF": alpha * fixed,
            "aM": alpha * fill,
            "aa": alpha**2,
        }
        # conjugated: a product with it correlates instead of convolving
        self._spectra = {name: torch.fft.rfft2(part).conj().resolve_conj() for name, part in parts.items()}
        outside = torch.stack([~self._inside(size) for size in sizes])
        self._outside = repeat(outside, "size y x -> (size drawing) 1 (y x)", drawing=self._count)
        self._powers = torch.cat([torch.ones(len(colours), 1), colours, (colours**2).sum(1, keepdim=True)], dim=1)

    def search(
        self,
        picture: Float[Tensor, "3 height width"],
        known: Float[Tensor, "3 height width"],
        weight: Float[Tensor, "1 height width"],
    ) -> Candidates:
        """Every drawing in the size and place of its greatest gain, best first."""
        best, at = self._gains(*(avg_pool2d(part, _COARSER) for part in (picture, known, weight))).max(-1)
        best = rearrange(best, "(size drawing) colour -> drawing (size colour)", drawing=self._count)
        at = rearrange(at, "(size drawing) colour -> drawing (size colour)", drawing=self._count)
        top, column = best.max(1)
        order = top.argsort(descending=True)
        size = self._sizes[column[order] // len(self._powers)]
        corner = at[order, column[order]]
        pixel = SHRINK * _COARSER
        x, y = (along * pixel + size / 2 for along in (corner % self._shape[1], corner // self._shape[1]))
        return Candidates(drawings=order, where=torch.stack([x, y, size], dim=1))

    def _gains(
        self,
        picture: Float[Tensor, "3 height width"],
        known: Float[Tensor, "3 height width"],
        weight: Float[Tensor, "1 height width"],
    ) -> Float[Tensor, "template colour corner"]:
        """The gain of every template in every colour with its corner at every pixel; -inf where it would stick out."""
        rest = picture - known
        spectrum = torch.fft.rfft2
        knowns, weights = spectrum(weight * known), spectrum(weight)
        # what counts extra are the errors within an outline, where the drawing is opaque: there it hides C
        rests = spectrum(weight * (rest + PURITY * picture))
        bright = spectrum(weight * (2 * rest * known + PURITY * picture**2).sum(0, keepdim=True))
        square = spectrum(weight * (known**2).sum(0, keepdim=True))
        of = self._spectra
        constant = 2 * (of["F"] * rests + of["aF"] * knowns).sum(1, keepdim=True)
        constant -= of["a"] * bright + of["FF"] * weights + of["aa"] * square
        linear = 2 * (of["M"] * rests + of["aM"] * knowns - of["FM"] * weights)
        maps = torch.fft.irfft2(torch.cat([constant, linear, -of["MM"] * weights], dim=1), s=self._shape)
        gains = torch.matmul(self._powers, maps.flatten(2))
        return gains.masked_fill_(self._outside, -torch.inf)

    def _inside(self, size: float) -> Bool[Tensor, "height width"]:
        """Corners at which a thing of a size lies in the picture."""
        inside = torch.zeros(self._shape, dtype=torch.bool)
        rows, columns = (max(1, round(side - size / (SHRINK * _COARSER)) + 1) for side in self._shape)
        inside[:rows, :columns] = True
        return inside


def _cornered(sprites: SoftSprites, size: float, height: int, width: int) -> Float[Tensor, "drawing 5 h w"]:
    """Parts of all drawings with the thing's square in the top left corner, at the resolution of the search.

    What the blur spreads over the corner's edges goes to the opposite edges, as correlation by FFT wants it.
    """
    shift = 2 * _COARSER
    centre = size / 2 + shift * SHRINK
    where = torch.tensor([[centre, centre, size]]).expand(sprites.count, 3)
    parts = sprites.parts(torch.arange(sprites.count), where, height, width)
    return avg_pool2d(parts.roll((-shift, -shift), (-2, -1)), _COARSER)


def _rim(side: int) -> UInt8[Tensor, "_ _"]:
    """0 in the middle of a square, where a figure has room for something, else 1."""
    away = (torch.arange(side) + 0.5 - side / 2).abs()
    return (torch.maximum(away[:, None], away) >= _MIDDLE * side / 2).to(torch.uint8)


def _blurred(
    pictures: Float[Tensor, "picture c height width"], sigma: float, edge: str
) -> Float[Tensor, "picture c height width"]:
    """A Gaussian blur; beyond the edges the pictures go on ("replicate") or there is nothing ("constant")."""
    reach = int(3 * sigma + 0.5)
    line = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2)
    line /= line.sum()
    flat = rearrange(pad(pictures, [reach] * 4, mode=edge), "picture c y x -> (picture c) 1 y x")
    flat = conv2d(conv2d(flat, line[None, None, :, None]), line[None, None, None])
    return rearrange(flat, "(picture c) 1 y x -> picture c y x", picture=len(pictures))
