"""Results as lines for a terminal, for people; programs read JSON instead."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from anyvl.values import Instance


def found_lines(instances: Sequence[Instance]) -> list[str]:
    """One line an instance: label, score, box (x0 y0 x1 y1 in px of the original), number of polygons.

    >>> from anyvl.values import Box, Frame
    >>> found_lines([Instance(label="a fox", frame=Frame(height=6, width=9), box=Box(1, 2, 3, 4))])
    ['a fox  score 1.00  box 1.0 2.0 3.0 4.0']
    """
    lines = []
    for instance in instances:
        box = " ".join(f"{side:.1f}" for side in instance.bounds.as_tuple())
        parts = f"  polygons {len(instance.polygons)}" if instance.polygons else ""
        lines.append(f"{instance.label}  score {instance.score:.2f}  box {box}{parts}")
    return lines


def outline_lines(table: Mapping[str, Any], indent: str = "") -> list[str]:
    """Nested names and values, one name a line, deeper ones indented; lists as words in a row, at most 100 wide.

    >>> outline_lines({"knows": {"things": ["fox", "cat"]}, "pictures": [{"height": 48, "width": 80}]})
    ['knows:', '  things: fox, cat', 'pictures: height 48 width 80']
    """
    lines = []
    for name, value in table.items():
        title = f"{indent}{name.replace('_', ' ')}:"
        if isinstance(value, Mapping):
            lines += [title, *outline_lines(value, indent + "  ")]
            continue
        words = [
            " ".join(f"{key} {number}" for key, number in entry.items()) if isinstance(entry, Mapping) else str(entry)
            for entry in (value if isinstance(value, list | tuple) else [value])
        ]
        lines += textwrap.wrap(f"{title} {', '.join(words)}", width=100, subsequent_indent=indent + "  ")
    return lines
