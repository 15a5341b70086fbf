"""The pictures of the README, made anew by one command: `python -m anyvl.evaluation.gallery docs/images`.

Every picture is a single sample with a stated seed; none is chosen among several.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.words import referring_phrase
from anyvl.data.scenes.world import World
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
_CELL = 168


def main(folder: Path) -> None:
    """Write painted.png, edited.png and segmented.png."""
    folder.mkdir(parents=True, exist_ok=True)
    model = AnyVL.from_pretrained()
    painted = model.generate(PROMPTS, seed=0).images
    _board(
        [[(image, words) for image, words in zip(painted, PROMPTS, strict=True)][i : i + 4] for i in (0, 4)],
        folder / "painted.png",
    )
    edits = [(painted[i], model.edit(painted[i], words, seed=i).images[0], words) for i, words in INSTRUCTIONS.items()]
    _board(
        [[(before, "") for before, _, _ in edits], [(after, words) for _, after, words in edits]], folder / "edited.png"
    )
    world = World.of(model.parts, "test")
    found = []
    for index in range(8):
        scene = world.scene(index)
        phrase = referring_phrase(scene, scene.things[0], world.rng(index, "gallery"))
        picture = draw_one(scene, world.sprites)
        found.append((overlay(picture, model.segment(picture, f"the {phrase}")), f"the {phrase}"))
    _board([found[:4], found[4:]], folder / "segmented.png")


def _board(rows: Sequence[Sequence[tuple[Image.Image, str]]], path: Path) -> None:
    """Pictures in rows with their words under them, each fitted into a square cell."""
    line, gap = 34, 10
    sheet = Image.new("RGB", (max(map(len, rows)) * (_CELL + gap) + gap, len(rows) * (_CELL + line + gap)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=11)
    for y, row in enumerate(rows):
        for x, (image, words) in enumerate(row):
            scale = _CELL / max(image.size)
            size = (round(image.width * scale), round(image.height * scale))
            left, top = gap + x * (_CELL + gap), gap + y * (_CELL + line + gap)
            sheet.paste(
                image.convert("RGB").resize(size, Image.Resampling.BICUBIC), (left + (_CELL - size[0]) // 2, top)
            )
            pen.multiline_text((left, top + _CELL + 3), _wrapped(words), fill="black", font=font, spacing=2)
    sheet.save(path)


def _wrapped(words: str, most: int = 29) -> str:
    lines = [""]
    for word in words.split():
        if len(lines[-1]) + len(word) > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images"))
