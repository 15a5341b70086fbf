"""The pictures of the README, made anew by one command: `python -m anyvl.evaluation.gallery docs/images`.

Every picture has a stated seed and is what `generate` gives for it; no person chose among several.
"""

import itertools
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.words import referring_phrase, singled_out
from anyvl.data.scenes.world import World
from anyvl.evaluation.board import save_board
from anyvl.exports import overlay
from anyvl.pipeline import AnyVL
from anyvl.refiner import OVERLAP, TILE
from anyvl.refiner.tiles import tiles

PROMPTS = (
    "a red fox left of a palm tree",
    "a purple octopus in the middle on a sky background",
    "a yellow star above a blue car on a navy background",
    "a green frog in the bottom left on a beige background",
    "a pink pig right of an umbrella on a white background",
    "a blue whale on the right on a sky background",
    "an orange butterfly on a black background",
    "a brown bear below a red heart on a beige background",
)
INSTRUCTIONS = {
    0: "replace the fox with a cat",
    1: "make the octopus green",
    2: "remove the car",
    5: "add a red apple in the top left",
    7: "change the background to navy",
}
REFINED = {2: (36, 12, 108, 84), 3: (4, 44, 76, 116), 7: (24, 44, 96, 116)}
"""Which of them are shown larger, and which part in px."""
_LARGE = 2
"""The scene that is refined in tiles …"""
_AROUND = 240
"""… and how many px after the edges of a tile are shown."""


def main(folder: Path) -> None:
    """Write painted.png, edited.png, refined.png, tiles.png and segmented.png."""
    folder.mkdir(parents=True, exist_ok=True)
    model = AnyVL.from_pretrained()
    painted = model.generate(PROMPTS, seed=0).images
    save_board(
        [[(image, words) for image, words in zip(painted, PROMPTS, strict=True)][i : i + 4] for i in (0, 4)],
        folder / "painted.png",
    )
    edits = [(painted[i], model.edit(painted[i], words, seed=i).images[0], words) for i, words in INSTRUCTIONS.items()]
    save_board(
        [[(before, "") for before, _, _ in edits], [(after, words) for _, after, words in edits]], folder / "edited.png"
    )
    small = [painted[i] for i in REFINED]
    refined = model.refine([*small], seed=0).images
    plain = [one.resize(large.size, Image.Resampling.BICUBIC) for one, large in zip(small, refined, strict=True)]
    parts = [
        [
            (one.crop((4 * x0, 4 * y0, 4 * x1, 4 * y1)), words)
            for one, (x0, y0, x1, y1) in zip(many, REFINED.values(), strict=True)
        ]
        for many, words in ((plain, "four times as large: bicubic"), (refined, "refined"))
    ]
    save_board(
        parts,
        folder / "refined.png",
        cell=320,
    )
    world = World.of(model.parts, "test")
    save_board([_seams(model, world)], folder / "tiles.png", cell=320)
    found = []
    for index, scene in itertools.islice(((i, s) for i in itertools.count() if singled_out(s := world.scene(i))), 8):
        phrase = referring_phrase(scene, singled_out(scene)[0], world.rng(index, "gallery"))
        picture = draw_one(scene, world.sprites)
        found.append((overlay(picture, model.segment(picture, f"the {phrase}")), f"the {phrase}"))
    save_board([found[:4], found[4:]], folder / "segmented.png")


def _seams(model: AnyVL, world: World) -> list[tuple[Image.Image, str]]:
    """Where four tiles of a large picture meet: refined in tiles, as one, and how far apart these are."""
    small = Image.fromarray(draw_one(world.scene(_LARGE), world.sprites, 2))
    tiled, whole = (
        np.asarray(model.refine(small, seed=0, tile=side).images[0]).astype(int) for side in (TILE, 4 * max(small.size))
    )
    height, width = tiled.shape[:2]
    rows, columns = tiles(height, width, TILE, OVERLAP)[-1]
    around = tuple(slice(side.start - _AROUND // 4, side.start + _AROUND) for side in (rows, columns))
    apart = (16 * np.abs(tiled - whole)).clip(0, 255)
    return [
        (Image.fromarray(one[around].astype(np.uint8)), words)
        for one, words in ((tiled, "in tiles"), (whole, "as one"), (apart, "difference, 16 times"))
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images"))
