"""Values for the codec law: random ones of every kind, with the odd shapes that break codecs."""

import dataclasses

import numpy as np
from PIL import Image

from anyvl.codecs import nearest_grid
from anyvl.codecs.dense import MAP_COLOURS, painted_map, read_map
from anyvl.values import Box, Codes, Frame, GroundedText, Instance, Keypoint, Polygon, Span

LABELS = ("fox", "fox cub", "palm tree", "🦊", "é")
GRIDS = ((3, 5), (5, 3), (4, 4), (3, 3))

Random = np.random.Generator


def some_text(random: Random, frame: Frame) -> str:
    alphabets = np.array([(32, 127), (0, 32), (0xA0, 0x800), (0x3040, 0xD800), (0xE000, 0x10000), (0x10000, 0x110000)])
    return "".join(map(chr, random.integers(*random.choice(alphabets, size=random.integers(1, 20)).T)))


def some_frame(random: Random) -> Frame:
    return Frame(int(random.integers(1, 900)), int(random.integers(1, 900)))


def some_box(random: Random, frame: Frame) -> Box:
    size = np.array([frame.width, frame.height]) * 10.0 ** random.uniform(-5, 0, size=2)
    near = random.uniform(0, 1, size=2) * ([frame.width, frame.height] - size)
    if random.random() < 0.3:  # against the far edges
        near = [frame.width, frame.height] - size
    return Box(*near.tolist(), *(near + size).tolist())


def some_boxes(random: Random, frame: Frame) -> list[Instance]:
    return [
        Instance(label=str(random.choice(LABELS)), box=some_box(random, frame), frame=frame)
        for _ in range(random.integers(0, 5))
    ]


def some_foxes(random: Random, frame: Frame) -> list[Instance]:
    return [dataclasses.replace(one, label="fox") for one in some_boxes(random, frame)]


def star(random: Random, vertices: int) -> np.ndarray:
    angles = np.sort(random.uniform(0, 2 * np.pi, vertices))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * random.uniform(0.2, 1, (vertices, 1))


KINDS = ("star", "sliver", "tiny", "repeated", "stroke", "flat", "crossing", "partly outside")


def some_ring(random: Random, frame: Frame, kind: str) -> np.ndarray:
    count = int(random.integers(3, 8) if random.random() < 0.8 else random.integers(8, 40))
    ring = star(random, count)
    if kind == "sliver":  # thin, in any direction
        angle, thickness = random.uniform(0, np.pi), 10.0 ** random.uniform(-5, -1)
        ring = np.array([[-1, -thickness], [1, -thickness], [1, thickness], [-1, thickness]])
        ring = ring @ [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    elif kind == "tiny":  # smaller than a bin
        ring = ring * 1e-4
    elif kind == "repeated":  # vertices
        ring = np.repeat(ring, 1 + random.integers(0, 3, count), axis=0)
    elif kind == "stroke":  # concave, there and back along a bent path
        path = np.cumsum(random.normal(0, 0.2, (count // 6 + 2, 2)), axis=0)
        path[:, 0].sort()  # to the right only: no loops
        ring = np.concatenate([path, path[::-1] + 10.0 ** random.uniform(-4, -1)])
    elif kind == "flat":
        ring = np.outer(random.uniform(-1, 1, count), random.normal(size=2))
    elif kind == "crossing":  # itself
        ring = random.uniform(-1, 1, (min(count, 8), 2))
    ring = (ring * 10.0 ** random.uniform(-2, -0.3) + random.uniform(0, 1, 2)) * [frame.width, frame.height]
    return ring if kind == "partly outside" else np.clip(ring, 0, [frame.width, frame.height])


def some_polygon(random: Random, frame: Frame, kinds: tuple[str, ...] = KINDS) -> Polygon:
    ring = some_ring(random, frame, str(random.choice(kinds)))
    middle = np.clip(ring.mean(axis=0), 0, [frame.width, frame.height])
    holes = [middle + (ring - middle) * share for share in (0.4, 0.01)[: random.choice(3, p=[0.7, 0.15, 0.15])]]
    return Polygon.from_arrays(ring.tolist(), [hole.tolist() for hole in holes])


def some_region(random: Random, frame: Frame) -> tuple[Polygon, ...]:
    """Mostly one part, sometimes many; the first is inside the frame."""
    others = random.choice([0, 1, 7], p=[0.8, 0.17, 0.03])
    return (some_polygon(random, frame, KINDS[:-1]), *(some_polygon(random, frame) for _ in range(others)))


def some_shapes(random: Random, frame: Frame) -> list[Instance]:
    whole = Box(0, 0, frame.width, frame.height)  # given, since flat polygons have no hull
    return [
        Instance(label="fox", box=whole, polygons=some_region(random, frame), frame=frame)
        for _ in range(random.choice(3, p=[0.1, 0.7, 0.2]))
    ]


def some_codes(random: Random, frame: Frame) -> Codes:
    rows, columns = GRIDS[random.integers(len(GRIDS))]
    return Codes.from_array(random.integers(0, 50, (rows, columns)))


def some_label(random: Random, frame: Frame) -> str:
    return str(random.choice(LABELS))


def some_grounded(random: Random, frame: Frame) -> GroundedText:
    """Phrases with boxes, and words before, between and after them, or none."""
    words, spans = "", []
    for _ in range(random.integers(0, 4)):
        if random.random() < 0.5:
            words += some_text(random, frame)
        phrase = some_text(random, frame)
        spans.append(Span(start=len(words), stop=len(words) + len(phrase), box=some_box(random, frame)))
        words += phrase
    if not words or random.random() < 0.5:
        words += some_text(random, frame)
    return GroundedText(words=words, spans=tuple(spans), frame=frame)


NAMES = ("top", "left", "left end")


def some_points(random: Random, frame: Frame) -> list[Keypoint]:
    if random.random() < 0.2:
        return []
    where = random.uniform(0, 1, (len(NAMES), 2)) * (frame.width, frame.height)
    return [
        Keypoint(name=name, x=x, y=y, visible=bool(random.random() < 0.5))
        for name, (x, y) in zip(NAMES, where.tolist(), strict=True)
    ]


class CellColours:
    """An image tokenizer without loss for maps that are plain in each cell: a code is the number of the cell's colour."""

    def encode(self, picture: np.ndarray, rows: int, columns: int) -> Codes:
        small = np.asarray(Image.fromarray(picture).resize((columns, rows), Image.Resampling.NEAREST))
        return Codes.from_array(read_map(small))

    def decode(self, codes: Codes) -> np.ndarray:
        return painted_map(np.minimum(codes.array(), len(MAP_COLOURS) - 1)).repeat(8, 0).repeat(8, 1)


def some_map(random: Random, frame: Frame) -> np.ndarray:
    """Numbers that are plain in each cell of the grid the frame is written on."""
    rows, columns = nearest_grid(frame, GRIDS)
    cells = random.integers(0, len(MAP_COLOURS), (rows, columns)).astype(np.uint8)
    spread = Image.fromarray(cells).resize((frame.width, frame.height), Image.Resampling.NEAREST)
    return np.asarray(spread).astype(np.int64)


def some_page(random: Random, frame: Frame) -> tuple[str, Codes, str]:
    return some_text(random, frame), some_codes(random, frame), some_text(random, frame)


def some_edit(random: Random, frame: Frame) -> tuple[tuple[Polygon, ...], Codes]:
    return some_region(random, frame), some_codes(random, frame)
