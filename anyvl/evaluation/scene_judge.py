"""draft"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d

from anyvl.data.scenes.catalogue import COLOUR_NAMES, KIND_NAMES
from anyvl.data.scenes.sprites import Sprites, load_sprites
from anyvl.evaluation.backdrop import estimate_ground
from anyvl.evaluation.judgement import Reading, Sighting, fact_holds, matches
from anyvl.evaluation.templates import SHRINK, Candidates, SoftSprites, TemplateBank, soften

__all__ = ["Reading", "SceneJudge", "Sighting", "fact_holds", "matches"]

_SIZES = tuple(0.29 * 1.12**step for step in range(9))
"""Sizes searched, as shares of the geometric mean of the picture's sides; refinement finds those between."""
_SMALLEST, _LARGEST = 0.25, 0.8
_SIDE = 80
"""Pictures of another geometric mean than 56 to 104 px are resized to this one."""
_MOST_SEARCHES = 6
_MOST_COVERED = 0.45
_KINDS_TRIED = 8
_WELL = 0.10
"""A pixel is explained where the error around it, root mean square over the channels, is below this."""
_LEAST_FIT_TO_TRY = 0.3
_LEAST_FIT = 0.6
_LEAST_SEEN = 0.4
_LEAST_CONTRAST = 0.05
_TURNS = (1e-3, 0.5, 0.5, 0.04)


@dataclass(frozen=True, kw_only=True)
class _Find:
    """A thing found: kind and colour, centre and size, and the other candidates for it."""

    what: Int[Tensor, "2"]
    where: Float[Tensor, "3"]
    others: Candidates
    closed: bool = False


class SceneJudge:
    """Reads pictures of the scene world back."""

    def __init__(self, sprites: Sprites | None = None) -> None:
        self._sprites = SoftSprites(load_sprites() if sprites is None else sprites)
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
            reading = self._read(soften(values))
        across, down = given[1] / width, given[0] / height
        things = tuple(
            replace(t, x=t.x * across, y=t.y * down, size=t.size * (across * down) ** 0.5) for t in reading.things
        )
        return replace(reading, things=things)

    def read_many(self, pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]]) -> list[Reading]:
        """`read` of each; the first picture of a size costs a second or two more."""
        return [self.read(picture) for picture in pictures]

    def _read(self, picture: Float[Tensor, "3 height width"]) -> Reading:
        shape = (picture.shape[1], picture.shape[2])
        bank = self._bank(*shape)
        ground, name = estimate_ground(picture, torch.ones(shape, dtype=torch.bool))
        finds: list[_Find] = []
        for _ in range(_MOST_SEARCHES):
            known = self._drawn(finds, ground)
            weight = self._still_counting(picture, known, finds)
            find = self._best(picture, known, weight, bank.search(picture, known, weight, _KINDS_TRIED))
            if find is None:
                break
            finds = self._one_of_two(picture, ground, self._inserted(picture, ground, finds, find))
            ground, name = estimate_ground(picture, self._alphas(finds, shape).amax(0) < 0.05)
        if len(finds) > 1:
            for place in range(len(finds)):
                finds = self._reconsidered(picture, ground, finds, place)
        finds = self._only_needed(picture, ground, finds)
        fits = self._fits(picture, ground, finds)
        error = _error_around(picture, self._drawn(finds, ground))
        things = tuple(
            Sighting(
                kind=KIND_NAMES[int(find.what[0])],
                colour=COLOUR_NAMES[int(find.what[1])],
                x=float(find.where[0]),
                y=float(find.where[1]),
                size=float(find.where[2]),
                fit=fit,
            )
            for find, fit in zip(finds, fits, strict=True)
        )
        return Reading(things=things, ground=name, unexplained=float((error > _WELL).float().mean()))

    def _bank(self, height: int, width: int) -> TemplateBank:
        if (height, width) not in self._banks:
            mean = SHRINK * (height * width) ** 0.5
            most = 0.94 * SHRINK * min(height, width)
            sizes = sorted({min(share * mean, most) for share in _SIZES})
            self._banks[height, width] = TemplateBank(self._sprites, sizes, height, width)
        return self._banks[height, width]

    def _alphas(self, finds, shape):
        """thing y x"""
        return self._stamps(finds, shape)[:, 3]

    def _stamps(self, finds, shape):
        if not finds:
            return torch.zeros(0, 4, *shape)
        return self._sprites.stamp(torch.stack([f.what for f in finds]), torch.stack([f.where for f in finds]), *shape)

    def _drawn(self, finds, ground):
        picture = ground
        for rgba in self._stamps(finds, ground.shape[1:]):
            picture = rgba[:3] + picture * (1 - rgba[3:])
        return picture

    def _still_counting(self, picture, known, finds):
        """1 but for pixels of things where they explain the picture well: what is behind them cannot be seen."""
        if not finds:
            return torch.ones_like(picture[:1])
        covered = self._alphas(finds, picture.shape[1:]) > 0.5
        closed = torch.tensor([find.closed for find in finds])
        done = covered.any(0, keepdim=True) & (_error_around(picture, known) < _WELL)
        return (~(done | covered[closed].any(0, keepdim=True))).float()

    def _one_of_two(self, picture, ground, finds):
        """Of two finds that share a place, the one that explains more, closed."""
        for first, second in itertools.combinations(range(len(finds)), 2):
            if _covered(finds[first].where, finds[second].where) > _MOST_COVERED:
                rests = [[*finds[:i], *finds[i + 1 :]] for i in (first, second)]
                errors = [float(((picture - self._drawn(rest, ground)) ** 2).sum()) for rest in rests]
                gone, kept = (first, second) if errors[0] <= errors[1] else (second, first)
                finds = [replace(f, closed=True) if i == kept else f for i, f in enumerate(finds) if i != gone]
                return self._one_of_two(picture, ground, finds)
        return finds

    def _best(self, picture, known, weight, candidates) -> _Find | None:
        """The candidate of greatest gain, once each has moved to its best place and the best kinds have tried all colours."""
        what, where, gain = self._fitted(picture, known, weight, candidates, steps=3)
        best = gain.argsort(descending=True)[:3]
        colours = torch.arange(len(COLOUR_NAMES))
        every = Candidates(
            what=torch.stack([what[best, 0].repeat_interleave(len(colours)), colours.repeat(len(best))], dim=1),
            where=where[best].repeat_interleave(len(colours), 0),
        )
        what, where, gain = self._fitted(picture, known, weight, every, steps=0)
        best = gain.argsort(descending=True)[:4]
        what, where, gain = self._fitted(
            picture, known, weight, Candidates(what=what[best], where=where[best]), steps=2
        )
        order = gain.argsort(descending=True)
        what, where = what[order], where[order]
        alpha = weight * self._sprites.stamp(what[:1], where[:1], *picture.shape[1:])[0, 3:]
        before = float((alpha * (picture - known) ** 2).sum())
        if float(gain.max()) < _LEAST_FIT_TO_TRY * before or before < 3 * _LEAST_CONTRAST**2 * float(alpha.sum()):
            return None
        if float(alpha.sum()) < 6:
            return None
        others = candidates
        return _Find(what=what[0], where=where[0], others=others)

    def _fitted(self, picture, known, weight, candidates, steps):
        """Each candidate at the best place near its own, and its gain there: Gauss-Newton on x, y and log size."""
        what, here = candidates.what, candidates.where
        shape = (picture.shape[1], picture.shape[2])
        side = SHRINK * (shape[0] * shape[1]) ** 0.5
        low = torch.tensor([0.0, 0.0, _SMALLEST * side])
        high = torch.tensor([SHRINK * shape[1], SHRINK * shape[0], min(_LARGEST * side, SHRINK * min(shape))])
        best_gain = torch.full((len(what),), -torch.inf)
        best = here
        turn = torch.tensor([0.5, 0.5, 0.04])
        before = weight * (picture - known) ** 2
        for step in range(steps + 1):
            moved = here.repeat(4 if step < steps else 1, 1, 1)
            if step < steps:
                moved[1, :, 0] += turn[0]
                moved[2, :, 1] += turn[1]
                moved[3, :, 2] *= 1 + turn[2]
            stamps = self._sprites.stamp(what.repeat(len(moved), 1), moved.flatten(0, 1), *shape)
            made = (stamps[:, :3] + known * (1 - stamps[:, 3:])).unflatten(0, (len(moved), len(what)))
            rest = picture - made[0]
            gain = (before - weight * rest**2).sum((1, 2, 3))
            better = gain > best_gain
            best_gain = torch.where(better, gain, best_gain)
            best = torch.where(better[:, None], here, best)
            if step == steps:
                break
            slopes = ((made[1:] - made[0]) / turn[:, None, None, None, None]).flatten(2).transpose(0, 1)
            weighted = slopes * weight.expand_as(picture).flatten()
            normal = weighted @ slopes.transpose(1, 2)
            normal += torch.diag_embed(0.05 * normal.diagonal(dim1=1, dim2=2) + 1e-3)
            move = torch.linalg.solve(normal, (weighted @ rest.flatten(1)[:, :, None])[:, :, 0])
            move = move.clamp(-torch.tensor([3.0, 3.0, 0.15]), torch.tensor([3.0, 3.0, 0.15]))
            here = torch.cat([here[:, :2] + move[:, :2], here[:, 2:] * (1 + move[:, 2:])], dim=1).clamp(low, high)
        return what, best, best_gain

    def _inserted(self, picture, ground, finds, find):
        """The finds with one more, at the depth where the whole explains most."""
        orders = [[*finds[:i], find, *finds[i:]] for i in range(len(finds), -1, -1)]
        return min(orders, key=lambda order: float(((picture - self._drawn(order, ground)) ** 2).sum()))

    def _reconsidered(self, picture, ground, finds, place):
        """One find chosen anew among its candidates, given what is behind and before it."""
        behind, find, front = finds[:place], finds[place], finds[place + 1 :]
        weight = torch.ones_like(picture[:1])
        if front:
            weight = 1 - self._alphas(front, picture.shape[1:]).amax(0, keepdim=True)
        candidates = Candidates(
            what=torch.cat([find.what[None], find.others.what]), where=torch.cat([find.where[None], find.others.where])
        )
        new = self._best(picture, self._drawn(behind, ground), weight, candidates)
        return finds if new is None else [*behind, new, *front]

    def _fits(self, picture, ground, finds) -> list[float]:
        """Of each thing, where it is seen: the share of the squared error without it that it explains."""
        alphas = self._alphas(finds, picture.shape[1:])
        error = (picture - self._drawn(finds, ground)) ** 2
        fits = []
        for i in range(len(finds)):
            seen = alphas[i] * (1 - alphas[i + 1 :]).prod(0)
            without = (picture - self._drawn([*finds[:i], *finds[i + 1 :]], ground)) ** 2
            if float(seen.sum()) < _LEAST_SEEN * float(alphas[i].sum()):
                fits.append(0.0)
                continue
            before = float((seen * without).sum())
            if before < 3 * _LEAST_CONTRAST**2 * float(seen.sum()):
                fits.append(0.0)
                continue
            fits.append(1 - float((seen * error).sum()) / before)
        return fits

    def _only_needed(self, picture, ground, finds):
        """Without the things that explain too little, taken away one at a time."""
        while finds:
            fits = self._fits(picture, ground, finds)
            worst = min(range(len(finds)), key=fits.__getitem__)
            if fits[worst] >= _LEAST_FIT:
                break
            finds = [*finds[:worst], *finds[worst + 1 :]]
        return finds


def _covered(one, other):
    """Of two squares (centre x, centre y, side), how much of the smaller is in the larger."""
    reach = (one[2] + other[2]) / 2 - (one[:2] - other[:2]).abs()
    small = min(float(one[2]), float(other[2]))
    return float(reach.clamp(0, small).prod()) / small**2


def _error_around(picture, known):
    """root mean square error around each pixel"""
    square = ((picture - known) ** 2).mean(0, keepdim=True)
    return avg_pool2d(square, 3, 1, 1, count_include_pad=False).sqrt()
