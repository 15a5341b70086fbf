"""Scenes as a decoder paints them: the pictures that it will be asked about and told to edit most often."""

import dataclasses
from typing import Any

import numpy as np
import torch
from jaxtyping import Int

from anyvl.checkpoint import Parts
from anyvl.codecs import Kit
from anyvl.data.examples import layout_of
from anyvl.data.scenes.corpus import Corpus
from anyvl.data.scenes.scene import Scene
from anyvl.data.scenes.truth import outline_of, polygons_of
from anyvl.data.scenes.words import caption_of
from anyvl.data.scenes.world import World
from anyvl.generation import DecoderStepper, Request, generate
from anyvl.tasks import find_task
from anyvl.tasks.image_editing import free_cells
from anyvl.tasks.translate import answer_grammar, answer_value, prompt_ids
from anyvl.values import Frame

_KEPT = 0.9
"""Share of the codes beside all things that a painting shares with the drawn scene, where it keeps the ground."""


class Paintings(Corpus):
    """A corpus whose scenes a model painted, told all of them in words and in a layout, and that are seen again as pixels.

    The world's truth about a scene holds for its painting as far as the painter did as it was told. The scenes that edits lead
    to are drawn, as in any corpus.
    """

    def __init__(self, world: World, painter: Parts, kept: int = 100_000) -> None:
        super().__init__(world, painter.tokenizer, kept)
        self._painter = painter
        self._stepper: DecoderStepper | None = None

    def __getstate__(self) -> dict[str, Any]:
        # Packed weights don't travel: each process that paints packs its own.
        return {**self.__dict__, "_stepper": None}

    def of_one_grid(self, numbers: range) -> Int[np.ndarray, "scene code"]:
        """Codes of the paintings of some scenes of one grid, by number, painted as one batch."""
        scenes = [self.world.scene(index) for index in numbers]
        frame = Frame(height=scenes[0].height, width=scenes[0].width)
        grid = frame.height // self.world.factor, frame.width // self.world.factor
        kit = dataclasses.replace(self._painter.kit, grids=(grid,))
        requests = [
            self._request(scene, kit, self.world.rng(index, "painting"))
            for index, scene in zip(numbers, scenes, strict=True)
        ]
        self._stepper = self._stepper or DecoderStepper(self._painter.decoder)
        codec = find_task("layout_to_image").output
        codes = [answer_value(codec, kit, frame, result.ids).array() for result in generate(self._stepper, requests)]
        tokenizer = self._painter.tokenizer
        seen = tokenizer.encode_batch(tokenizer.decode_batch(torch.from_numpy(np.stack(codes))))
        return seen.flatten(1).to(torch.int32).cpu().numpy()

    def keeps_ground(self, index: int) -> bool:
        """Whether the ground of a painting is, code for code, nearly that of the drawn scene: then what an edit shows there is
        known."""
        scene, painted = self.world.scene(index), self.codes(index).array()
        frame = Frame(height=scene.height, width=scene.width)
        outlines = [outline_of(thing, scene.style, self.world.sprites) for thing in scene.things]
        beside = ~free_cells(tuple(ring for shape in outlines for ring in polygons_of(shape)), frame, *painted.shape)
        alike = (painted == self.codes_of(scene).array())[beside]
        return alike.size > 0 and float(alike.mean()) > _KEPT

    def _request(self, scene: Scene, kit: Kit, rng: np.random.Generator) -> Request:
        task, frame = find_task("layout_to_image"), Frame(height=scene.height, width=scene.width)
        grammar = answer_grammar(task.output, kit)
        prompt = task.prompt(caption_of(scene, rng, full=True).words)
        asked = prompt_ids(task, kit, frame, prompt=prompt, layout=layout_of(scene, self.world.sprites))
        return Request(
            prefix=tuple(asked),
            unconditional=tuple(prompt_ids(task, kit, frame)),
            grammar=grammar,
            budget=grammar.shortest,
            seed=int(rng.integers(2**62)),
            sampling=task.sampling,
        )
