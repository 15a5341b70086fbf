"""The pictures of the README, made anew by one command: `python -m anyvl.evaluation.gallery docs/images`.

Every picture has a stated seed and is what `generate` gives for it; no person chose among several.
"""

import itertools
import sys
from pathlib import Path

from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.words import referring_phrase, singled_out
from anyvl.data.scenes.world import World
from anyvl.evaluation.board import save_board
from anyvl.exports import overlay
from anyvl.pipeline import AnyVL

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


def main(folder: Path) -> None:
    """Write painted.png, edited.png and segmented.png."""
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
    world = World.of(model.parts, "test")
    found = []
    for index, scene in itertools.islice(((i, s) for i in itertools.count() if singled_out(s := world.scene(i))), 8):
        phrase = referring_phrase(scene, singled_out(scene)[0], world.rng(index, "gallery"))
        picture = draw_one(scene, world.sprites)
        found.append((overlay(picture, model.segment(picture, f"the {phrase}")), f"the {phrase}"))
    save_board([found[:4], found[4:]], folder / "segmented.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images"))
