"""The values that go in and come out: frozen, checked at birth, in pixels of the original picture.

Every coordinate is a float in pixels: x to the right, y down, 0 and width (height) are the outer edges of the picture,
so that the centre of its first pixel is (0.5, 0.5). Points are (x, y), boxes (x0, y0, x1, y1); sizes say height, width.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int, Num

from anyvl import geometry
from anyvl.errors import InputError

Point = tuple[float, float]
Ring = tuple[Point, ...]


@dataclass(frozen=True)
class Frame:
    """The size of an original picture: what pixel coordinates are measured in."""

    height: int
    width: int

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise InputError(f"a picture has at least 1×1 pixels, but height {self.height}, width {self.width} came")

    def to_unit(self, points_px: Num[np.ndarray, "... 2"]) -> Float[np.ndarray, "... 2"]:
        """Points (x, y) in pixels as fractions of (width, height).

        >>> Frame(100, 200).to_unit(np.array([50.0, 50.0])).tolist()
        [0.25, 0.5]
        """
        return np.asarray(points_px, dtype=np.float64) / (self.width, self.height)

    def to_px(self, points_unit: Num[np.ndarray, "... 2"]) -> Float[np.ndarray, "... 2"]:
        """The inverse of `to_unit`."""
        return np.asarray(points_unit, dtype=np.float64) * (self.width, self.height)


@dataclass(frozen=True)
class Box:
    """An upright box in pixels, with x0 < x1 and y0 < y1; InputError when it is empty or not finite."""

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, self.as_tuple())):
            raise InputError(f"a box needs four finite numbers, but {self.as_tuple()} came")
        if not (self.x0 < self.x1 and self.y0 < self.y1):
            raise InputError(f"a box is (x0, y0, x1, y1) with x0 < x1 and y0 < y1, but {self.as_tuple()} came")

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        return self.width * self.height

    def as_tuple(self) -> tuple[float, float, float, float]:
        return (self.x0, self.y0, self.x1, self.y1)


@dataclass(frozen=True)
class Polygon:
    """One connected part of a shape: an outer ring and the rings of its holes, filled by the even-odd rule.

    A ring is a tuple of at least three points (x, y) in pixels and closes by itself (the first point is not repeated).
    """

    exterior: Ring
    holes: tuple[Ring, ...] = ()

    def __post_init__(self) -> None:
        for ring in self.rings:
            if len(ring) < 3:
                raise InputError(f"a ring has at least three points, but {len(ring)} came")
            if not all(len(point) == 2 and math.isfinite(point[0]) and math.isfinite(point[1]) for point in ring):
                raise InputError(f"a ring is made of finite points (x, y), but {ring} came")

    @classmethod
    def from_arrays(cls, exterior: geometry.Points, holes: Iterable[geometry.Points] = ()) -> "Polygon":
        """The polygon of rings given as (vertex, 2) arrays or nested lists."""
        exterior_ring, *hole_rings = (
            tuple((float(x), float(y)) for x, y in np.asarray(ring, dtype=np.float64)) for ring in (exterior, *holes)
        )
        return cls(exterior_ring, tuple(hole_rings))

    @property
    def rings(self) -> tuple[Ring, ...]:
        """The outer ring, then the holes."""
        return (self.exterior, *self.holes)

    @property
    def bounds(self) -> Box:
        """The smallest upright box around the outer ring; InputError when the ring is flat."""
        return Box(*geometry.box_of(self.exterior))


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One thing found in (or asked for of) a picture: a name, how sure that is, and where.

    At least a box or one polygon is given. Without a box, `box` is the hull of the polygons, so it is never None afterwards;
    with both, polygons that a model wrote lie in the box but need not reach its sides. `score` lies in [0, 1]; `frame` is the
    size of the picture that the coordinates belong to.
    """

    label: str
    frame: Frame
    score: float = 1.0
    box: Box | None = None
    polygons: tuple[Polygon, ...] = ()

    def __post_init__(self) -> None:
        _check_score(self.score)
        if self.box is None:
            if not self.polygons:
                raise InputError(f"the instance {self.label!r} needs a box or at least one polygon, but has neither")
            points = [point for polygon in self.polygons for point in polygon.exterior]
            object.__setattr__(self, "box", Box(*geometry.box_of(points)))

    @property
    def bounds(self) -> Box:
        """`box`, typed as what it is after birth: never None."""
        assert self.box is not None
        return self.box

    def mask(self) -> Bool[np.ndarray, "height width"]:
        """The pixels whose centre lies inside: the union of the polygons, or the whole box where there are none."""
        height, width = self.frame.height, self.frame.width
        if not self.polygons:
            x0, y0, x1, y1 = self.bounds.as_tuple()
            return geometry.rasterise([((x0, y0), (x1, y0), (x1, y1), (x0, y1))], height, width)
        mask = np.zeros((height, width), dtype=bool)
        for polygon in self.polygons:
            mask |= geometry.rasterise(polygon.rings, height, width)
        return mask


@dataclass(frozen=True, kw_only=True)
class Keypoint:
    """A named point of a thing in pixels; `visible` is False where something is in front of it. `score` lies in [0, 1]."""

    name: str
    x: float
    y: float
    visible: bool = True
    score: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.x) and math.isfinite(self.y)):
            raise InputError(f"a point has two finite numbers, but ({self.x}, {self.y}) came")
        _check_score(self.score)


@dataclass(frozen=True, kw_only=True)
class Span:
    """Where in a text (characters start to stop, stop excluded) and where in the picture something is spoken of."""

    start: int
    stop: int
    box: Box
    score: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop:
            raise InputError(f"a span has at least one character, but {self.start} to {self.stop} came")
        _check_score(self.score)


@dataclass(frozen=True, kw_only=True)
class GroundedText:
    """A text about a picture with the boxes of what its phrases speak of; `spans` are in order and do not overlap.

    >>> fox = Span(start=0, stop=5, box=Box(1, 2, 3, 4))
    >>> GroundedText(words="a fox here", spans=(fox,), frame=Frame(height=6, width=9)).instances()[0].label
    'a fox'
    """

    words: str
    spans: tuple[Span, ...]
    frame: Frame

    def __post_init__(self) -> None:
        edges = [0, *(edge for span in self.spans for edge in (span.start, span.stop)), len(self.words)]
        if edges != sorted(edges):
            raise InputError(f"spans lie in order within {len(self.words)} characters, but {edges[1:-1]} came")

    def __str__(self) -> str:
        return self.words

    def instances(self) -> list[Instance]:
        """The boxes as instances, labelled by their phrases."""
        return [
            Instance(label=self.words[span.start : span.stop], score=span.score, box=span.box, frame=self.frame)
            for span in self.spans
        ]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer in words and how probable it is; of a closed set also the probability of each choice, likeliest first.

    >>> str(Answer(words="two", probability=0.75, probabilities={"two": 0.75, "one": 0.25}))
    'two'
    """

    words: str
    probability: float
    probabilities: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_score(self.probability)

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, kw_only=True)
class Codes:
    """A picture as codes of an image tokenizer, row by row: `ids` count from 0 and are no vocabulary ids."""

    rows: int
    columns: int
    ids: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.rows < 1 or self.columns < 1 or len(self.ids) != self.rows * self.columns:
            raise InputError(
                f"{self.rows}×{self.columns} codes were announced, but {len(self.ids)} came: give rows*columns of them"
            )
        if min(self.ids) < 0:
            raise InputError(f"codes count from 0, but {min(self.ids)} came")

    @classmethod
    def from_array(cls, codes: Int[np.ndarray, "row column"]) -> "Codes":
        """The codes of a (row, column) array."""
        rows, columns = codes.shape
        return cls(rows=rows, columns=columns, ids=tuple(codes.reshape(-1).tolist()))

    def array(self) -> Int[np.ndarray, "row column"]:
        """The codes as an int64 array (row, column)."""
        return np.array(self.ids, dtype=np.int64).reshape(self.rows, self.columns)


def _check_score(score: float) -> None:
    if not 0.0 <= score <= 1.0:
        raise InputError(f"a score lies between 0 and 1, but {score} came")
