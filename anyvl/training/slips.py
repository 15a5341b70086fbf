"""Codes as a decoder would have painted them, nearly: what a refiner meets behind one, with the truth still known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from anyvl.checkpoint import Parts
from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.words import caption_of
from anyvl.tasks import find_task
from anyvl.tasks.translate import answer_ids, prompt_ids
from anyvl.values import Codes, Frame


@dataclass(frozen=True, kw_only=True, eq=False)
class Slips:
    """A decoder that is told a scene in words and its true codes so far, and draws the next one.

    near: a code that it draws takes the true one's place where their vectors' cosine is at least this: another shade, an edge
    that is a little off. Elsewhere it painted something else, of which nobody knows what the refiner should make.
    """

    parts: Parts
    near: float = 0.6

    @torch.no_grad()
    def __call__(
        self, scenes: Sequence[Scene], codes: Int[Tensor, "batch rows columns"], rng: np.random.Generator
    ) -> Int[Tensor, "batch rows columns"]:
        """The codes of scenes with the decoder's slips in them."""
        kit, decoder = self.parts.kit, self.parts.decoder
        span, device = kit.vocabulary.image, decoder.head.device
        rows = [self._ids(scene, one, rng) for scene, one in zip(scenes, codes.tolist(), strict=True)]
        ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True).to(device)
        painted = (ids >= span.start) & (ids < span.stop)
        seen = decoder.hidden(ids)[:, :-1][painted[:, 1:]]
        logits = decoder.logits(seen)[:, span.start : span.stop].float()
        dice = torch.Generator(device).manual_seed(int(rng.integers(2**62)))
        drawn = torch.multinomial(logits.softmax(-1), 1, generator=dice).view(codes.shape).to(codes.device)
        return torch.where(self._nearness(codes, drawn) >= self.near, drawn, codes)

    def _ids(self, scene: Scene, codes: list[list[int]], rng: np.random.Generator) -> list[int]:
        task, frame = find_task("text_to_image"), Frame(height=scene.height, width=scene.width)
        value = Codes(rows=len(codes), columns=len(codes[0]), ids=tuple(code for row in codes for code in row))
        prompt = task.prompt(caption_of(scene, rng, full=True).words)
        return [
            *prompt_ids(task, self.parts.kit, frame, prompt=prompt),
            *answer_ids(task, self.parts.kit, frame, value),
        ]

    def _nearness(self, codes: Tensor, others: Tensor) -> Float[Tensor, "batch rows columns"]:
        """Cosine of what two codes stand for."""
        quantizer = self.parts.tokenizer.model.quantize
        return torch.nn.functional.cosine_similarity(quantizer.look_up(codes), quantizer.look_up(others), dim=1)
