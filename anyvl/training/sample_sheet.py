"""A decoder's sample sheet: what it paints of prompts and how it edits, on scenes of the validation split."""

from pathlib import Path

import numpy as np

from anyvl.checkpoint import Parts
from anyvl.codecs import Kit
from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.words import caption_of
from anyvl.data.scenes.world import World
from anyvl.model.decoder import Decoder
from anyvl.model.image_tokenizer import VQGANTokenizer
from anyvl.pipeline import AnyVL
from anyvl.training.sheets import save_sheet


def decoder_sheet(
    decoder: Decoder, kit: Kit, world: World, path: Path, tasks: tuple[str, ...] = (), columns: int = 10
) -> None:
    """Four rows: true scenes, pictures painted of their captions, scenes before an edit, the edits made of them."""
    assert isinstance(kit.image, VQGANTokenizer)
    model = AnyVL(Parts(decoder=decoder, tokenizer=kit.image, kit=kit, tasks=tasks))
    square = [index * len(world.grids) for index in range(columns)]
    scenes = [world.scene(index) for index in square]
    captions = [
        caption_of(scene, world.rng(index, "caption"), full=True).words
        for index, scene in zip(square, scenes, strict=True)
    ]
    painted = model.generate(captions, seed=0, height=scenes[0].height, width=scenes[0].width).images
    edits = [world.edit(index) for index in square]
    before = [draw_one(edit.source, world.sprites) for edit in edits]
    after = [
        model.edit(picture, edit.instruction, seed=0).images[0] for picture, edit in zip(before, edits, strict=True)
    ]
    rows = [[draw_one(scene, world.sprites) for scene in scenes], [np.asarray(p) for p in painted], before]
    save_sheet([*rows, [np.asarray(p) for p in after]], path)
    said = [*captions, *(edit.instruction for edit in edits)]
    path.with_suffix(".txt").write_text("\n".join(said) + "\n")
