"""Pictures: a grid of codes, row by row, where every row says how far down it is."""

import math

import numpy as np
from jaxtyping import Bool, UInt8

from anyvl.codecs.codec import Kit
from anyvl.codecs.coordinates import quantise
from anyvl.errors import ConfigError, InputError
from anyvl.grammar.terms import Cell, Either, InPicture, Sequence, Term, Token
from anyvl.values import Codes, Frame


class Picture:
    """A picture as `<image> rows columns`, for each row the coordinate of its centre and its codes, `</image>`.

    The two counts are coordinate ids whose bin is the count. A picture of 2 rows and 3 columns, with 1000 bins (a bin n
    written [n], a code written c):

        <image> [2] [3]  [250] c0 c1 c2  [749] c3 c4 c5  </image>
    """

    def encode(self, value: UInt8[np.ndarray, "height width 3"] | Codes, kit: Kit, frame: Frame) -> list[int]:
        """The ids of a picture, resized to the kit's grid of nearest aspect, or of codes on one of the kit's grids.

        Raises InputError when an array is not of the frame's size or the kit has no image tokenizer, and when codes lie
        on another grid or beyond the codebook.
        """
        codes = value if isinstance(value, Codes) else _tokenise(value, kit, frame)
        vocabulary = kit.vocabulary
        if (codes.rows, codes.columns) not in kit.grids:
            raise InputError(f"codes lie on one of the grids {kit.grids}, but {codes.rows} x {codes.columns} came")
        if not 0 <= min(codes.ids) <= max(codes.ids) < vocabulary.num_codes:
            raise InputError(
                f"picture codes lie between 0 and {vocabulary.num_codes - 1}, "
                f"but {min(codes.ids)} to {max(codes.ids)} came"
            )
        ids = [vocabulary.control("image"), vocabulary.coordinate(codes.rows), vocabulary.coordinate(codes.columns)]
        image_ids = vocabulary.image
        for row, row_bin in enumerate(_row_bins(codes.rows, kit)):
            ids.append(vocabulary.coordinate(row_bin))
            ids.extend(image_ids[code] for code in codes.ids[row * codes.columns : (row + 1) * codes.columns])
        return [*ids, vocabulary.control("image_end")]

    def decode(self, ids: list[int], kit: Kit, frame: Frame, probabilities: list[float] | None = None) -> Codes:
        """The grid of codes; `kit.image.decode` paints it."""
        rows, columns = kit.vocabulary.bin(ids[1]), kit.vocabulary.bin(ids[2])
        assert len(ids) == rows * (columns + 1) + 4, (rows, columns, len(ids))
        body = np.asarray(ids[3:-1]).reshape(rows, columns + 1)
        return Codes(
            rows=rows,
            columns=columns,
            ids=tuple(kit.vocabulary.code(image_id) for image_id in body[:, 1:].ravel().tolist()),
        )

    def grammar(self, kit: Kit) -> Term:
        """Any codes on any of the kit's grids; ConfigError when it has none."""
        if not kit.grids:
            raise ConfigError("this checkpoint names no picture grids, so it can neither read nor paint pictures")
        vocabulary = kit.vocabulary
        by_rows = [
            Sequence(
                Token(vocabulary.coordinate(rows)),
                _one_of(
                    [
                        Sequence(Token(vocabulary.coordinate(columns)), *_cells(rows, columns, kit))
                        for columns in sorted({columns for other, columns in kit.grids if other == rows})
                    ]
                ),
            )
            for rows in sorted({rows for rows, _ in kit.grids})
        ]
        return Sequence(
            Token(vocabulary.control("image")),
            InPicture(Sequence(_one_of(by_rows), Token(vocabulary.control("image_end")))),
        )


def with_holes(ids: list[int], hidden: Bool[np.ndarray, "rows columns"], kit: Kit) -> list[int]:
    """The ids of a picture with `<mask>` in the place of the codes of hidden cells.

    Of the example above, the second and the last cell hidden: `<image> [2] [3]  [250] c0 <mask> c2  [749] c3 c4 <mask>  </image>`
    """
    holed, mask = np.array(ids), kit.vocabulary.control("mask")
    holed[np.flatnonzero(kit.vocabulary.are_codes(ids))[hidden.ravel()]] = mask
    return holed.tolist()


def nearest_grid(frame: Frame, grids: tuple[tuple[int, int], ...]) -> tuple[int, int]:
    """The (rows, columns) whose aspect is nearest to the frame's by ratio; of equals, the one with most cells."""
    if not grids:
        raise ConfigError("this checkpoint names no picture grids, so it can neither read nor paint pictures")
    aspect = frame.width / frame.height
    return min(grids, key=lambda grid: (round(abs(math.log(aspect * grid[0] / grid[1])), 9), -grid[0] * grid[1], grid))


def _tokenise(picture: UInt8[np.ndarray, "height width 3"], kit: Kit, frame: Frame) -> Codes:
    if picture.dtype != np.uint8 or picture.shape != (frame.height, frame.width, 3):
        raise InputError(
            f"a picture is a uint8 array of its frame's shape {(frame.height, frame.width, 3)}, "
            f"but {picture.dtype} {picture.shape} came; open_picture makes one of any file"
        )
    if kit.image is None:
        raise InputError("this checkpoint has no image tokenizer: give pictures as Codes")
    return kit.image.encode(picture, *nearest_grid(frame, kit.grids))


def _cells(rows: int, columns: int, kit: Kit) -> list[Term]:
    terms: list[Term] = []
    for row, row_bin in enumerate(_row_bins(rows, kit)):
        terms.append(Token(kit.vocabulary.coordinate(row_bin)))
        terms.extend(Cell(row * columns + column) for column in range(columns))
    return terms


def _row_bins(rows: int, kit: Kit) -> list[int]:
    """The bin of each row's centre."""
    return quantise((np.arange(rows) + 0.5) / rows, kit.vocabulary.coordinate_bins).tolist()


def _one_of(branches: list[Sequence]) -> Term:
    return branches[0] if len(branches) == 1 else Either(*branches)
