"""draft"""

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d

from anyvl.data.scenes.catalogue import COLOUR_NAMES, GROUND_NAMES, GROUNDS, KIND_NAMES
from anyvl.data.scenes.sprites import Sprites, load_sprites
from anyvl.evaluation.templates import TemplateBank, stamp

PICTURE_SIZES = ((64, 64), (48, 80), (80, 48))
_SIZES = (18.0, 20.5, 23.4, 26.7, 30.4, 34.6, 39.4, 44.5)
_GROUND_RGB = torch.tensor(list(GROUNDS.values()), dtype=torch.float32) / 255


@dataclass(frozen=True, kw_only=True)
class Sighting:
    kind: str
    colour: str
    x: float
    y: float
    size: float
    fit: float


@dataclass(frozen=True, kw_only=True)
class Reading:
    things: tuple[Sighting, ...]
    ground: str | None
    unexplained: float


@dataclass
class _Found:
    what: Tensor  # (2,)
    where: Tensor  # (3,)
    options: list = None


class SceneJudge:
    def __init__(self, sprites: Sprites | None = None) -> None:
        self.sprites = load_sprites() if sprites is None else sprites
        self._banks: dict[tuple[int, int], TemplateBank] = {}

    def bank(self, height, width):
        if (height, width) not in self._banks:
            self._banks[height, width] = TemplateBank(self.sprites, _SIZES, height, width)
        return self._banks[height, width]

    def read(self, picture) -> Reading:
        given_height, given_width = picture.shape[:2]
        aspect = np.log(given_height / given_width)
        height, width = min(PICTURE_SIZES, key=lambda s: abs(np.log(s[0] / s[1]) - aspect))
        if (height, width) != (given_height, given_width):
            picture = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BOX))
        values = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255
        with torch.inference_mode():
            found, fits, ground, unexplained = self._analyse(values)
        across, down = given_width / width, given_height / height
        things = tuple(
            Sighting(
                kind=KIND_NAMES[int(f.what[0])],
                colour=COLOUR_NAMES[int(f.what[1])],
                x=float(f.where[0]) * across,
                y=float(f.where[1]) * down,
                size=float(f.where[2]) * (across * down) ** 0.5,
                fit=fit,
            )
            for f, fit in zip(found, fits, strict=True)
        )
        return Reading(things=things, ground=ground, unexplained=unexplained)

    def read_many(self, pictures):
        return [self.read(p) for p in pictures]

    # ---
    def _analyse(self, picture):
        _, height, width = picture.shape
        bank = self.bank(height, width)
        ground, name = estimate_ground(picture, torch.ones(height, width, dtype=torch.bool))
        found: list[_Found] = []
        known, weight = ground, torch.ones(1, height, width)
        for _ in range(MOST):
            cands = bank.search(picture, known, weight, KINDS_KEPT)
            best = self._refine(picture, known, weight, cands)
            if best is None:
                break
            found.append(best)
            alpha = self._cover(found, height, width)
            ground, name = estimate_ground(picture, alpha < 0.05)
            known = self._render(found, ground)
            weight = self._weights(picture, known, found)
        if not found:
            _, u = residual(picture, known)
            return [], [], name, u
        found = self._settle(picture, ground, found)
        found, fits = self._accept(picture, ground, found)
        known = self._render(found, ground)
        name_, u = residual(picture, known)
        return found, fits, name, u

    def _stamps(self, whats, wheres, height, width):
        return stamp(self.sprites, whats, wheres, height, width)

    def _cover(self, found, height, width):
        s = self._stamps(torch.stack([f.what for f in found]), torch.stack([f.where for f in found]), height, width)
        return s[:, 3].amax(0)

    def _render(self, found, ground):
        out = ground
        if found:
            s = self._stamps(
                torch.stack([f.what for f in found]), torch.stack([f.where for f in found]), *ground.shape[1:]
            )
            for rgba in s:
                out = rgba[:3] + out * (1 - rgba[3:])
        return out

    def _weights(self, picture, known, found):
        """Pixels of things that are explained well count no more."""
        height, width = picture.shape[1:]
        alpha = self._cover(found, height, width)
        error = avg_pool2d(((picture - known) ** 2).mean(0)[None, None], 3, 1, 1, count_include_pad=False)[0, 0]
        return (~((alpha > 0.5) & (error < EXPLAINED**2))).float()[None]

    def _refine(self, picture, known, weight, cands):
        whats = torch.tensor([[c.kind, c.colour] for c in cands])
        wheres = torch.tensor([[c.x, c.y, c.size] for c in cands])
        wheres, gains = self._fit(picture, known, weight, whats, wheres, STEPS)
        top = gains.argsort(descending=True)[:3]
        n = len(COLOUR_NAMES)
        whats = torch.stack([whats[top, 0].repeat_interleave(n), torch.arange(n).repeat(len(top))], 1)
        wheres = wheres[top].repeat_interleave(n, 0)
        gains = self._gains(picture, known, weight, self._stamps(whats, wheres, *picture.shape[1:]))
        top = gains.argsort(descending=True)[:4]
        whats, wheres, gains = whats[top], wheres[top], gains[top]
        wheres, gains = self._fit(picture, known, weight, whats, wheres, 2)
        i = int(gains.argmax())
        s = self._stamps(whats[i : i + 1], wheres[i : i + 1], *picture.shape[1:])[0]
        before = (weight * s[3:] * (picture - known) ** 2).sum()
        fit = float(gains[i] / (before + 1e-6))
        area = float((s[3] * weight[0]).sum())
        if float(gains[i]) < LEAST_GAIN or fit < FIRST_FIT:
            return None
        return _Found(whats[i], wheres[i], [(whats[j], wheres[j]) for j in range(len(whats))])

    def _gains(self, picture, known, weight, stamps):
        made = stamps[:, :3] + known * (1 - stamps[:, 3:])
        return (weight * ((picture - known) ** 2 - (picture - made) ** 2)).sum((1, 2, 3))

    def _fit(self, picture, known, weight, whats, wheres, steps):
        """Gauss-Newton on x, y, log size."""
        height, width = picture.shape[1:]
        n = len(whats)
        delta = torch.tensor([0.5, 0.5, 0.04])
        damp = 1.0
        best_where = wheres.clone()
        best_gain = torch.full((n,), -torch.inf)
        here = wheres
        for step in range(steps + 1):
            moved = here[None].repeat(4, 1, 1)
            moved[1, :, 0] += delta[0]
            moved[2, :, 1] += delta[1]
            moved[3, :, 2] *= 1 + delta[2]
            if step == steps:
                moved = moved[:1]
            stamps = self._stamps(whats.repeat(len(moved), 1), moved.flatten(0, 1), height, width).unflatten(
                0, (len(moved), n)
            )
            made = stamps[:, :, :3] + known * (1 - stamps[:, :, 3:])
            gain = (weight * ((picture - known) ** 2 - (picture - made[0]) ** 2)).sum((1, 2, 3))
            better = gain > best_gain
            best_gain = torch.where(better, gain, best_gain)
            best_where = torch.where(better[:, None], here, best_where)
            if step == steps:
                break
            # (n, 3, px)
            slopes = ((made[1:] - made[0]) / delta[:, None, None, None, None]).flatten(2).transpose(0, 1)
            rest = picture - made[0]
            wr = (weight * rest).flatten(1)
            normal = (slopes * weight.expand(3, -1, -1).flatten()) @ slopes.transpose(1, 2)
            normal = normal + torch.diag_embed(0.05 * normal.diagonal(dim1=1, dim2=2) + 1e-3)
            move = torch.linalg.solve(normal, (slopes @ wr[:, :, None])[:, :, 0])
            move[:, :2] = move[:, :2].clamp(-2, 2)
            move[:, 2] = move[:, 2].clamp(-0.1, 0.1)
            # from the best so far
            here = torch.cat([here[:, :2] + move[:, :2], here[:, 2:] * (1 + move[:, 2:])], 1)
            here[:, 0] = here[:, 0].clamp(0, width)
            here[:, 1] = here[:, 1].clamp(0, height)
            here[:, 2] = here[:, 2].clamp(16, 50)
        return best_where, best_gain

    def _settle(self, picture, ground, found):
        """Order, then alternatives, then places, given the others."""

        def error(fs):
            return float(((picture - self._render(fs, ground)) ** 2).sum())

        if len(found) > 1:
            found = list(min(itertools.permutations(found), key=error)) if len(found) <= 3 else found
        for _ in range(1):
            for i in range(len(found)):
                best, least = found[i], error(found)
                options = {(int(w[0]), int(w[1])): (w, p) for w, p in (best.options)}
                for w, p in options.values():
                    trial = _Found(w, p, best.options)
                    e = error([*found[:i], trial, *found[i + 1 :]])
                    if e < least:
                        best, least = trial, e
                found[i] = best
        return found

    def _accept(self, picture, ground, found):
        keep, fits = [], []
        known = self._render(found, ground)
        for i, f in enumerate(found):
            without = self._render(found[:i] + found[i + 1 :], ground)
            s = self._stamps(f.what[None], f.where[None], *picture.shape[1:])[0, 3]
            front = self._cover(found[i + 1 :], *picture.shape[1:]) if i + 1 < len(found) else torch.zeros_like(s)
            visible = s * (1 - front)
            rest = (visible * (picture - known) ** 2).sum()
            base = (visible * (picture - without) ** 2).sum()
            fit = 1 - float(rest / (base + 1e-6))
            if fit >= LEAST_FIT and float(visible.sum() / s.sum()) > 0.4:
                keep.append(f)
                fits.append(fit)
        return keep, fits


MOST = 4
KINDS_KEPT = 8
STEPS = 3
EXPLAINED = 0.12
LEAST_GAIN = 1.5
FIRST_FIT = 0.3
LEAST_FIT = 0.5


def residual(picture, known):
    error = avg_pool2d(((picture - known) ** 2).mean(0)[None, None], 5, 1, 2, count_include_pad=False)[0, 0].sqrt()
    return error, float((error > 0.12).float().mean())


def estimate_ground(picture, free):
    """Plane."""
    _, height, width = picture.shape
    off = picture[None] - _GROUND_RGB[:, :, None, None]
    grey = off.mean(1, keepdim=True)
    near = (grey.abs()[:, 0] < 0.14) & ((off - grey).abs().amax(1) < 0.06) & free
    counts = near.sum((1, 2))
    number = int(counts.argmax())
    inlier = near[number]
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    name = GROUND_NAMES[number] if float(counts[number]) > 0.12 * height * width else None
    plane = _GROUND_RGB[number][:, None, None].expand(3, height, width)
    for _ in range(3):
        if int(inlier.sum()) < 20:
            break
        design = torch.stack([torch.ones(int(inlier.sum())), x[inlier], y[inlier]], 1)
        pix = picture[:, inlier]
        normal = design.T @ design + torch.diag(torch.tensor([1e-3, 5.0, 5.0]))
        base = pix.mean(1)
        coef = torch.linalg.solve(normal, design.T @ (pix.mean(0) - pix.mean()))
        slope = coef[1] * x + coef[2] * y
        const = (pix - slope[inlier]).mean(1)
        plane = (const[:, None, None] + slope).clamp(0, 1)
        inlier = ((picture - plane).abs().amax(0) < 0.1) & free
    return plane, name
