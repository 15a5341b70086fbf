"""Reads pictures of the scene world back, without a model: which things in which colours, where, on which ground.

Analysis by synthesis with the world's own drawings. A picture is explained step by step: an exhaustive search (`templates`) says
for every drawing where it would explain most of what is not explained yet; each is moved to its best place there by Gauss-Newton
steps; the best of them is put in front of or behind the things found before; and so on, until no drawing explains enough. Where
much is still unexplained then, a thing found early may have been a wrong one over two right ones: each is taken away in turn and
the search goes on without it. Last, things that explain too little of where they are seen are dropped: half a fox is no fox.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d

from anyvl.data.scenes.catalogue import COLOUR_NAMES, KIND_NAMES
from anyvl.data.scenes.figures import SOLID
from anyvl.data.scenes.repertoire import FIRST, Repertoire
from anyvl.data.scenes.sprites import COLOUR_RGB, load_sprites
from anyvl.evaluation.backdrop import estimate_ground
from anyvl.evaluation.judgement import Reading, Sighting, fact_holds, matches
from anyvl.evaluation.templates import SHRINK, Candidates, SoftSprites, TemplateBank, coloured, soften

__all__ = ["Reading", "SceneJudge", "Sighting", "fact_holds", "matches"]

_SIZES = tuple(0.23 * 1.12**step for step in range(11))
"""Sizes searched, as shares of the geometric mean of the picture's sides; refinement finds those between."""
_SMALLEST, _LARGEST = 0.2, 0.8
_SIDE = 96
"""Pictures of another geometric mean than 56 to 104 px are resized to this one."""
_MOST_SEARCHES = 9
_MOST_DOUBTS = 8
"""So often a thing found early is taken away on trial, the worst explained first."""
_MOST_COVERED = 0.5
"""Of two things whose squares cover more than this share of the smaller one, one is wrong."""
_PURITY = 4.0
"""As `templates.PURITY`, once a candidate is in its best place."""
_FINALISTS = 10
"""So many candidates get more than one Gauss-Newton step."""
_WELL = 0.10
"""A pixel is explained where the error around it, root mean square over the channels, is below this."""
_ALL = 0.004
"""With no more than this share of the pixels unexplained, nothing else is searched for …"""
_MUCH = 0.015
"""… and with more than this share, things found are doubted."""
_MOST_OF_IT = 0.4
"""With more than this share unexplained it is no picture of this world, whatever fits in places."""
_LEAST_FIT_TO_TRY = 0.3
_LEAST_FIT = 0.6
_LEAST_SEEN = 0.4
_LEAST_CONTRAST = 0.05
_LEAST_PIXELS = 6

_Picture = Float[Tensor, "3 height width"]
_Weight = Float[Tensor, "1 height width"]


@dataclass(frozen=True, kw_only=True)
class _Find:
    """A thing found: names of kind, style and colour; centre x, centre y, size in px; itself in the soft picture, premultiplied.

    closed: nothing else is searched for where it is, explained or not.
    """

    kind: str
    style: str
    colour: str
    where: Float[Tensor, "3"]
    rgba: Float[Tensor, "4 height width"]
    closed: bool = False

    @property
    def alpha(self) -> Float[Tensor, "height width"]:
        return self.rgba[3]

    def is_like(self, other: "_Find") -> bool:
        """Whether both are of one kind and in about the same place."""
        near = float((self.where[:2] - other.where[:2]).abs().max()) < 0.15 * float(other.where[2])
        return self.kind == other.kind and near


@dataclass(frozen=True, kw_only=True)
class _Explanation:
    """A soft picture, and what it is said to be: a ground (its picture and name) and things from back to front."""

    picture: _Picture
    ground: _Picture
    ground_name: str | None
    finds: tuple[_Find, ...] = ()

    def drawn(self) -> _Picture:
        """The picture as it would be if all this were true."""
        made = self.ground
        for find in self.finds:
            made = find.rgba[:3] + made * (1 - find.alpha)
        return made

    def with_finds(self, finds: Sequence[_Find]) -> "_Explanation":
        return replace(self, finds=tuple(finds))

    def without(self, index: int) -> "_Explanation":
        return self.with_finds((*self.finds[:index], *self.finds[index + 1 :]))

    def error(self) -> float:
        """Sum of squared errors."""
        return float(((self.picture - self.drawn()) ** 2).sum())

    def well(self) -> Bool[Tensor, "1 height width"]:
        """Where the picture is explained."""
        square = ((self.picture - self.drawn()) ** 2).mean(0, keepdim=True)
        return avg_pool2d(square, 3, 1, 1, count_include_pad=False) < _WELL**2

    def unexplained(self) -> float:
        """The share of pixels that are not explained."""
        return float((~self.well()).float().mean())

    def still_counting(self) -> _Weight:
        """1 but for pixels of things where they explain the picture: what is behind them cannot be seen."""
        weight = torch.ones_like(self.picture[:1])
        for find in self.finds:
            weight = torch.where((find.alpha > 0.5) & (self.well() | find.closed), 0.0, weight)
        return weight

    def on_its_ground(self, grounds: Sequence[str]) -> "_Explanation":
        """The same with its ground, one of these, estimated where no thing is."""
        free = torch.ones_like(self.picture[0], dtype=torch.bool)
        for find in self.finds:
            free &= find.alpha < 0.05
        ground, name = estimate_ground(self.picture, free, grounds)
        return replace(self, ground=ground, ground_name=name)

    def fits(self) -> list[float]:
        """Of each thing, where it is seen: the share of the squared error without it that it explains; 0 if hardly seen."""
        fits = []
        error = (self.picture - self.drawn()) ** 2
        for index, find in enumerate(self.finds):
            seen = find.alpha
            for front in self.finds[index + 1 :]:
                seen = seen * (1 - front.alpha)
            before = float((seen * (self.picture - self.without(index).drawn()) ** 2).sum())
            is_seen = float(seen.sum()) >= _LEAST_SEEN * float(find.alpha.sum())
            is_plain = before >= 3 * _LEAST_CONTRAST**2 * float(seen.sum())
            fits.append(1 - float((seen * error).sum()) / before if is_seen and is_plain else 0.0)
        return fits


class SceneJudge:
    """Reads pictures of a world back, told its repertoire."""

    def __init__(self, repertoire: Repertoire = FIRST) -> None:
        sprites = load_sprites(repertoire)
        self._repertoire = repertoire
        self._drawings = tuple(sprites.rows)
        self._colours = COLOUR_RGB[[COLOUR_NAMES.index(name) for name in repertoire.colours]]
        self._sprites = SoftSprites(
            sprites, [row for row, (kind, _) in enumerate(self._drawings) if KIND_NAMES[kind] in SOLID]
        )
        self._banks: dict[tuple[int, int], TemplateBank] = {}

    def read(self, picture: UInt8[np.ndarray, "height width 3"]) -> Reading:
        """What is in a picture; places and sizes in its px."""
        given = picture.shape[:2]
        mean = (given[0] * given[1]) ** 0.5
        scale = 1.0 if 56 <= mean <= 104 else _SIDE / mean
        height, width = (2 * SHRINK * max(6, round(side * scale / (2 * SHRINK))) for side in given)
        if (height, width) != given:
            picture = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))
        values = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255
        with torch.inference_mode():
            explanation = self._explained(soften(values))
        across, down = given[1] / width, given[0] / height
        things = tuple(
            Sighting(
                kind=find.kind,
                colour=find.colour,
                style=find.style,
                x=float(find.where[0]) * across,
                y=float(find.where[1]) * down,
                size=float(find.where[2]) * (across * down) ** 0.5,
                fit=fit,
            )
            for find, fit in zip(explanation.finds, explanation.fits(), strict=True)
        )
        return Reading(things=things, ground=explanation.ground_name, unexplained=explanation.unexplained())

    def read_many(self, pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]]) -> list[Reading]:
        """`read` of each; the first picture of a size costs a second or two more."""
        return [self.read(picture) for picture in pictures]

    def _explained(self, picture: _Picture) -> _Explanation:
        """The best explanation found of a soft picture."""
        nothing = _Explanation(picture=picture, ground=picture, ground_name=None).on_its_ground(
            self._repertoire.grounds
        )
        best = self._grown(nothing)
        good = 0
        for _ in range(_MOST_DOUBTS):
            if good == len(best.finds) or best.unexplained() <= _MUCH:
                break
            fits = best.fits()
            doubtful = sorted(range(len(fits)), key=fits.__getitem__)[good]
            other = self._grown(
                best.without(doubtful).on_its_ground(self._repertoire.grounds), but=best.finds[doubtful]
            )
            if other.error() < 0.98 * best.error():
                best, good = other, 0
            else:
                good += 1
        best = _only_needed(best)
        return best if best.unexplained() <= _MOST_OF_IT else best.with_finds(())

    def _grown(self, explanation: _Explanation, but: _Find | None = None) -> _Explanation:
        """With more things, until nothing more is found; `but` is none of them."""
        refused = [but] if but else []
        for _ in range(_MOST_SEARCHES):
            find = self._next(explanation, refused) if explanation.unexplained() > _ALL else None
            if find is None:
                break
            more = _one_of_two(_inserted(explanation, find)).on_its_ground(self._repertoire.grounds)
            if more.error() < 0.995 * explanation.error():
                explanation = more
            else:
                refused.append(find)
        return self._polished(explanation)

    def _polished(self, explanation: _Explanation) -> _Explanation:
        """With each thing moved to its best place among the others, as far as that explains more."""
        for index, find in enumerate(explanation.finds):
            others = explanation.without(index)
            drawing = torch.tensor([self._drawings.index((KIND_NAMES.index(find.kind), find.style))])
            start = Candidates(drawings=drawing, where=find.where[None])
            # what is in front of it hides it, so it says nothing of where it is
            weight = torch.ones_like(explanation.picture[:1])
            for front in explanation.finds[index + 1 :]:
                weight = weight * (front.alpha < 0.5)
            behind = others.with_finds(others.finds[:index]).drawn()
            candidates = self._fitted(explanation.picture, behind, weight, start, steps=3)
            moved = self._find(explanation.picture, behind, weight, candidates, 0)
            if moved is None:
                continue
            finds = (*others.finds[:index], replace(moved, closed=find.closed), *others.finds[index:])
            better = explanation.with_finds(finds)
            if better.error() < explanation.error():
                explanation = better
        return explanation.on_its_ground(self._repertoire.grounds)

    def _next(self, explanation: _Explanation, refused: Sequence[_Find]) -> _Find | None:
        """The thing, none of those refused, that explains most of what is not explained yet."""
        picture, known, weight = explanation.picture, explanation.drawn(), explanation.still_counting()
        candidates = self._bank(picture.shape[1], picture.shape[2]).search(picture, known, weight)
        candidates = self._fitted(picture, known, weight, candidates, steps=1)
        finalists = Candidates(drawings=candidates.drawings[:_FINALISTS], where=candidates.where[:_FINALISTS])
        candidates = self._fitted(picture, known, weight, finalists, steps=3)
        for rank in range(len(candidates.drawings)):
            find = self._find(picture, known, weight, candidates, rank)
            if find and not any(find.is_like(other) for other in refused):
                return find
        return None

    def _bank(self, height: int, width: int) -> TemplateBank:
        if (height, width) not in self._banks:
            mean = SHRINK * (height * width) ** 0.5
            most = 0.94 * SHRINK * min(height, width)
            sizes = sorted({min(share * mean, most) for share in _SIZES})
            self._banks[height, width] = TemplateBank(self._sprites, self._colours, sizes, height, width)
        return self._banks[height, width]

    def _find(
        self, picture: _Picture, known: _Picture, weight: _Weight, candidates: Candidates, rank: int
    ) -> _Find | None:
        """A candidate as a find, if it explains enough of something."""
        drawing, where = candidates.drawings[rank : rank + 1], candidates.where[rank : rank + 1]
        parts = self._sprites.parts(drawing, where, *picture.shape[1:])
        colour = _gains(picture, known, weight, parts, self._colours).argmax(1)
        rgba = coloured(parts, self._colours[colour])[0]
        solid = self._sprites.solid[drawing]
        whole = coloured(self._sprites.parts(solid, where, *picture.shape[1:]), self._colours[colour])[0]
        seen = weight * rgba[3:]
        before = float((seen * (picture - known) ** 2).sum())
        after = float((seen * (picture - rgba[:3] - known * (1 - rgba[3:])) ** 2).sum())
        if (
            float(seen.sum()) < _LEAST_PIXELS
            or before < 3 * _LEAST_CONTRAST**2 * float(seen.sum())
            or before - after < _LEAST_FIT_TO_TRY * before
        ):
            return None
        kind, style = self._drawings[int(solid)]
        name = self._repertoire.colours[int(colour)]
        return _Find(kind=KIND_NAMES[kind], style=style, colour=name, where=where[0], rgba=whole)

    def _fitted(
        self, picture: _Picture, known: _Picture, weight: _Weight, candidates: Candidates, steps: int
    ) -> Candidates:
        """Each candidate at the best place near its own, best first: Gauss-Newton on x, y and log size."""
        height, width = picture.shape[1:]
        side = SHRINK * (height * width) ** 0.5
        low = torch.tensor([0.0, 0.0, _SMALLEST * side])
        high = torch.tensor([SHRINK * width, SHRINK * height, min(_LARGEST * side, SHRINK * min(height, width))])
        far = torch.tensor([3.0, 3.0, 0.15])
        across = ((torch.arange(width) + 0.5) * SHRINK).expand(height, width)
        down = ((torch.arange(height) + 0.5) * SHRINK)[:, None].expand(height, width)
        here = best = candidates.where
        best_gain = torch.full((len(here),), -torch.inf)
        for step in range(steps + 1):
            parts = self._sprites.parts(candidates.drawings, here, height, width)
            gain, colour = _gains(picture, known, weight, parts, self._colours).max(1)
            better = gain > best_gain
            best_gain = torch.where(better, gain, best_gain)
            best = torch.where(better[:, None], here, best)
            if step == steps:
                break
            rgba = coloured(parts, self._colours[colour])
            rest = picture - rgba[:, :3] - known * (1 - rgba[:, 3:])
            d_down, d_across = torch.gradient(rgba, spacing=float(SHRINK), dim=(2, 3))
            x, y = here[:, 0, None, None], here[:, 1, None, None]
            d_size = (across - x)[:, None] * d_across + (down - y)[:, None] * d_down
            turns = -torch.stack([d_across, d_down, d_size], dim=1)
            slopes = (turns[:, :, :3] - known * turns[:, :, 3:]).flatten(2)
            weighted = slopes * weight.expand_as(picture).flatten()
            normal = weighted @ slopes.transpose(1, 2)
            normal += torch.diag_embed(0.05 * normal.diagonal(dim1=1, dim2=2) + 1e-3)
            move = torch.linalg.solve(normal, (weighted @ rest.flatten(1)[:, :, None])[:, :, 0]).clamp(-far, far)
            here = torch.cat([here[:, :2] + move[:, :2], here[:, 2:] * (1 + move[:, 2:])], dim=1).clamp(low, high)
        order = best_gain.argsort(descending=True)
        return Candidates(drawings=candidates.drawings[order], where=best[order])


def _gains(
    picture: _Picture,
    known: _Picture,
    weight: _Weight,
    parts: Float[Tensor, "candidate 5 height width"],
    colours: Float[Tensor, "colour 3"],
) -> Float[Tensor, "candidate colour"]:
    """The gain (see `templates`) of drawings in every colour; the error is quadratic in the colour."""
    fixed, fill, alpha = parts[:, :3], parts[:, 3:4], parts[:, 4:]
    rest = picture - fixed - known * (1 - alpha)
    counting = weight * (1 + _PURITY * alpha)
    weighted = counting * fill
    constant = (counting * rest**2).sum((1, 2, 3))
    linear = (weighted * rest).sum((2, 3))
    square = (weighted * fill).sum((1, 2, 3))
    errors = constant[:, None] - 2 * linear @ colours.T + square[:, None] * (colours**2).sum(1)
    return (weight * (picture - known) ** 2).sum() - errors


def _inserted(explanation: _Explanation, find: _Find) -> _Explanation:
    """With one more thing, at the depth where the whole explains most; in front if that is as good."""
    finds = explanation.finds
    ways = [explanation.with_finds((*finds[:i], find, *finds[i:])) for i in range(len(finds), -1, -1)]
    return min(ways, key=_Explanation.error)


def _one_of_two(explanation: _Explanation) -> _Explanation:
    """Of two things that share a place the one that explains more, closed."""
    finds = explanation.finds
    for first, second in itertools.combinations(range(len(finds)), 2):
        if _covered(finds[first], finds[second]) > _MOST_COVERED:
            gone, kept = sorted((first, second), key=lambda index: explanation.without(index).error())
            closed = [replace(f, closed=f.closed or i == kept) for i, f in enumerate(finds) if i != gone]
            return _one_of_two(explanation.with_finds(closed))
    return explanation


def _only_needed(explanation: _Explanation) -> _Explanation:
    """Without the things that explain too little, taken away one at a time."""
    while explanation.finds:
        fits = explanation.fits()
        worst = min(range(len(fits)), key=fits.__getitem__)
        if fits[worst] >= _LEAST_FIT:
            break
        explanation = explanation.without(worst)
    return explanation


def _covered(back: _Find, front: _Find) -> float:
    """Of the squares of two things, how much of the smaller is in the larger; 0 where a figure has room for the one in front."""
    one, other = back.where, front.where
    if back.kind in SOLID and float(other[2]) <= 0.65 * float(one[2]):
        return 0.0
    reach = (one[2] + other[2]) / 2 - (one[:2] - other[:2]).abs()
    small = min(float(one[2]), float(other[2]))
    return float(reach.clamp(0, small).prod()) / small**2
