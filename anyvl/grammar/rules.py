"""What coordinates may be, given coordinates before them: boxes that have an inside, rings that are rings.

Registers remember bins. A *rule* reads them and says which bins are out; a *store* says what the id just taken writes.
Rules use array operators only, so the same lines serve Python integers, numpy and torch (a tensor over a batch).
Every rule leaves at least one bin where the vocabulary has its 8 bins and the Coordinate terms are those built here.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Int64

from anyvl.grammar.terms import Coordinate, Repeat, Sequence, Term

# x0 y0: near corner of a box. first, second, previous: vertices of a ring. x: of the vertex whose y comes next.
REGISTERS = ("x0", "y0", "first_x", "first_y", "second_x", "second_y", "previous_x", "previous_y", "x")

Registers = Mapping[str, Any]
# The bin must lie above the first number and equal neither of the others; -1 forbids nothing.
Limits = tuple[Any, Any, Any]
NONE = -1


def _where(condition: Any, bin: Any) -> Any:
    """`bin` where the condition holds, else NONE (which is -1)."""
    return condition * (bin + 1) - 1


def any_bin(registers: Registers) -> Limits:
    return NONE, NONE, NONE


def above_x0(registers: Registers) -> Limits:
    return registers["x0"], NONE, NONE


def above_y0(registers: Registers) -> Limits:
    return registers["y0"], NONE, NONE


def second_y(registers: Registers) -> Limits:
    """The second vertex is not the first again."""
    return NONE, _where(registers["x"] == registers["first_x"], registers["first_y"]), NONE


def third_x(registers: Registers) -> Limits:
    """Where the first two vertices stand upon each other, every y of the same x would be collinear with them."""
    return NONE, _where(registers["first_x"] == registers["second_x"], registers["first_x"]), NONE


def third_y(registers: Registers) -> Limits:
    """The third vertex is not on the line through the first two (so it is neither of them)."""
    run = registers["second_x"] - registers["first_x"]
    rise = (registers["second_y"] - registers["first_y"]) * (registers["x"] - registers["first_x"])
    divisor = run + (run == 0)  # an upright line: third_x has already left it
    quotient = rise // divisor
    on_a_bin = (quotient * divisor == rise) & (run != 0)
    return NONE, _where(on_a_bin, registers["first_y"] + quotient), NONE


def later_y(registers: Registers) -> Limits:
    """Any further vertex is neither its predecessor nor the first one (which it may close upon)."""
    return (
        NONE,
        _where(registers["x"] == registers["previous_x"], registers["previous_y"]),
        _where(registers["x"] == registers["first_x"], registers["first_y"]),
    )


RULES: dict[str, Callable[[Registers], Limits]] = {
    "any": any_bin,
    "above_x0": above_x0,
    "above_y0": above_y0,
    "second_y": second_y,
    "third_x": third_x,
    "third_y": third_y,
    "later_y": later_y,
}

# For each store: register written -> register read, or "bin" for the bin just taken.
STORES: dict[str, dict[str, str]] = {
    "": {},
    "x0": {"x0": "bin"},
    "y0": {"y0": "bin"},
    "x": {"x": "bin"},
    "first": {"first_x": "x", "first_y": "bin", "previous_x": "x", "previous_y": "bin"},
    "second": {"second_x": "x", "second_y": "bin", "previous_x": "x", "previous_y": "bin"},
    "vertex": {"previous_x": "x", "previous_y": "bin"},
}


def store_sources() -> Int64[np.ndarray, "store register"]:
    """For every store, in order, the column each register is read from in (registers..., bin)."""
    columns = (*REGISTERS, "bin")
    return np.array([[columns.index(writes.get(name, name)) for name in REGISTERS] for writes in STORES.values()])


def box_corners(coordinate_bins: int) -> Term:
    """x0 y0 x1 y1 with x0 < x1 and y0 < y1."""
    near = coordinate_bins - 2  # leaves a bin for the far corner
    return Sequence(
        Coordinate(high=near, store="x0"),
        Coordinate(high=near, store="y0"),
        Coordinate(rule="above_x0"),
        Coordinate(rule="above_y0"),
    )


def ring_vertices(at_most: int | None = None) -> Term:
    """(x y) three times or more, up to `at_most` vertices: the first three not collinear, no vertex its neighbour.

    Any vertex from the fourth on differs from its predecessor and from the first vertex.
    """
    later = Sequence(Coordinate(store="x"), Coordinate(rule="later_y", store="vertex"))
    return Sequence(
        Coordinate(store="x"),
        Coordinate(store="first"),
        Coordinate(store="x"),
        Coordinate(rule="second_y", store="second"),
        Coordinate(rule="third_x", store="x"),
        Coordinate(rule="third_y", store="vertex"),
        Repeat(later, at_most=None if at_most is None else at_most - 3),
    )
