"""Key points: named points of one thing, each seen or hidden."""

from collections.abc import Iterable
from dataclasses import dataclass

from anyvl.codecs.codec import Kit
from anyvl.codecs.coordinates import decode_points, encode_points
from anyvl.codecs.text import ids_to_text, text_to_ids
from anyvl.errors import ConfigError, InputError
from anyvl.grammar.terms import Coordinate, Either, Phrases, Repeat, Sequence, Term, Token
from anyvl.values import Frame, Keypoint


@dataclass(frozen=True)
class Keypoints:
    """All named points of a thing in the order of `names`, each `<keypoint> name <visible> x y` (or `<hidden>`); or none at all.

    A hidden point lies behind something: where it is can be told, though it is not seen. In a picture 200 px high and 400 px
    wide with 1000 bins, a top that is seen at (100, 50) is (a bin n written [n])

        <keypoint> t o p <visible> [250] [250]

    Scores are the probability of the mark times those of x and y.
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.names or not all(self.names) or len(set(self.names)) < len(self.names):
            raise ConfigError(f"key points have one or more names, none empty and none twice, but {self.names} came")

    def encode(self, value: Iterable[Keypoint], kit: Kit, frame: Frame) -> list[int]:
        """The ids of the points; those outside the frame go to its edge. InputError unless each name comes once, or none does."""
        given = list(value)
        points = {point.name: point for point in given}
        if given and sorted(point.name for point in given) != sorted(self.names):
            came = ", ".join(point.name for point in given)
            raise InputError(f"the points {', '.join(self.names)} are expected, each once, or none, but {came} came")
        vocabulary, ids = kit.vocabulary, []
        for point in (points[name] for name in self.names if points):
            ids += [vocabulary.control("keypoint"), *text_to_ids(point.name, kit)]
            ids.append(vocabulary.control("visible" if point.visible else "hidden"))
            ids += encode_points([(point.x, point.y)], vocabulary, frame)
        return ids

    def decode(
        self, ids: list[int], kit: Kit, frame: Frame, probabilities: list[float] | None = None
    ) -> list[Keypoint]:
        """The points in the order of `names`, with score 1 when no probabilities are given."""
        vocabulary, points = kit.vocabulary, []
        starts = [place for place, id in enumerate(ids) if id == vocabulary.control("keypoint")]
        for start, after in zip(starts, [*starts[1:], len(ids)], strict=False):  # no starts: nothing to pair
            mark, x, y = range(after - 3, after)
            ((x_px, y_px),) = decode_points(ids[x : y + 1], vocabulary, frame).tolist()
            score = 1.0
            if probabilities is not None:
                score = probabilities[mark] * probabilities[x] * probabilities[y]
            name = ids_to_text(ids[start + 1 : mark], kit)
            visible = ids[mark] == vocabulary.control("visible")
            points.append(Keypoint(name=name, x=x_px, y=y_px, visible=visible, score=score))
        return points

    def grammar(self, kit: Kit) -> Term:
        """Nothing, or every name in order with a mark and a point."""
        vocabulary = kit.vocabulary
        seen = Either(Token(vocabulary.control("visible")), Token(vocabulary.control("hidden")))
        points = [
            Sequence(
                Token(vocabulary.control("keypoint")),
                Phrases((tuple(text_to_ids(name, kit)),)),
                seen,
                Coordinate(),
                Coordinate(),
            )
            for name in self.names
        ]
        return Repeat(Sequence(*points), at_most=1)
