"""What refining costs on this machine: seconds and memory by size of the result, and whether tiles leave seams."""

import subprocess
import sys
import time

import numpy as np
from jaxtyping import Float
from PIL import Image

from anyvl.bench.timing import Figure, median_seconds, plain
from anyvl.data.scenes.draw import draw_one
from anyvl.data.scenes.world import World
from anyvl.pipeline import AnyVL
from anyvl.refiner import OVERLAP, TILE
from anyvl.refiner.tiles import tiles

_SIDES = ((512, 512), (1024, 1024), (2048, 1536), (2048, 2048))
"""Width and height of results, four times those of what is refined."""
_TILED = (2048, 1536)
"""Width and height at which tiles are held against one whole."""

# Alone in a process, whose largest memory is then that of this picture. Grain makes all of its cells different, as in a
# photograph: cells that are alike are looked up once.
_ALONE = """
import resource, sys
import numpy as np
from anyvl.bench.refining import small_picture
from anyvl.pipeline import AnyVL
model = AnyVL.from_pretrained()
small = np.asarray(small_picture(model, *map(int, sys.argv[1:])))
model.refine(small ^ np.random.default_rng(0).integers(0, 2, small.shape, dtype=np.uint8), seed=0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def refining(rounds: int) -> list[Figure]:
    """The default checkpoint's refiner at 4 times a picture's size; CheckpointError where it has none."""
    model = AnyVL.from_pretrained()
    small = small_picture(model, 128, 128)
    figures = [
        plain(
            "refine 128 x 128 px to 512 x 512, loaded", median_seconds(lambda: model.refine(small, seed=0), rounds), "s"
        )
    ]
    for width, height in _SIDES:
        began = time.perf_counter()
        said = subprocess.run(
            [sys.executable, "-c", _ALONE, str(width // 4), str(height // 4)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        most = int(said.splitlines()[-1]) / 2**20  # told in KiB
        note = f"{time.perf_counter() - began:.0f} s with loading"
        figures.append(plain(f"refine to {width} x {height} px: most memory of the process", most, "GiB", note))
    return [*figures, *_seams(model)]


def _seams(model: AnyVL) -> list[Figure]:
    """How far a picture refined in tiles is from the same one refined as a whole, and what tiles add where they end: at the left
    edges of some columns of their difference, of 255."""
    width, height = _TILED
    small = small_picture(model, width // 4, height // 4)
    tiled, whole = (
        np.asarray(model.refine(small, seed=0, tile=tile).images[0]).astype(float) for tile in (TILE, max(_TILED))
    )
    apart = tiled - whole
    borders = _borders(width)
    elsewhere = [column for column in range(1, width) if column not in borders]
    name = f"refine to {width} x {height} px in tiles of {TILE} px or as a whole"
    return [
        plain(f"{name}: apart", np.abs(apart).mean(), "of 255"),
        plain(f"{name}: steps between columns, as a whole", steps_at(whole, elsewhere), "of 255"),
        plain(f"{name}: steps that tiles add at their borders", steps_at(apart, borders), "of 255"),
        plain(f"{name}: steps that tiles add elsewhere", steps_at(apart, elsewhere), "of 255"),
    ]


def steps_at(picture: Float[np.ndarray, "height width 3"], columns: list[int]) -> float:
    """How much a picture changes across the left edges of some columns, in the mean."""
    steps = np.abs(np.diff(picture, axis=1)).mean((0, 2))
    return float(steps[[column - 1 for column in columns]].mean())


def _borders(width: int) -> list[int]:
    """The columns at which tiles begin or end, inside the picture."""
    columns = {edge for _, along in tiles(TILE, width, TILE, OVERLAP) for edge in (along.start, along.stop)}
    return sorted(columns - {0, width})


def small_picture(model: AnyVL, width: int, height: int) -> Image.Image:
    """A drawn scene of the model's world, at any size in px."""
    world = World.of(model.parts, "test")
    scene = next(scene for scene in map(world.scene, range(100)) if scene.height == scene.width)
    drawn = draw_one(scene, world.sprites, max(width, height) / scene.width)
    return Image.fromarray(drawn).crop((0, 0, width, height))
