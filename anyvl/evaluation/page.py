"""Scores as a page to look at: the table, and under each figure its best, worst and random items as pictures."""

import base64
import html
import io
from collections.abc import Sequence

from PIL import Image

from anyvl.evaluation.score import Exhibit, Score

_SIDE = 168
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; } th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; } h3 { margin: 1.2rem 0 .3rem; font-weight: 600; font-size: 1rem; }
.row { display: flex; flex-wrap: wrap; gap: .8rem; } figure { margin: 0; width: 168px; }
figure img { width: 168px; image-rendering: pixelated; border: 1px solid #ccc; } figcaption { font-size: .8rem; }
"""


def page(scores: Sequence[Score], columns: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """A whole HTML file, its pictures within it. columns, cells: the table, a row a score."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in cells)
    shown = "".join(_section(score) for score in scores if score.exhibits)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>anyvl evaluate</title><style>{_STYLE}</style>"
        f"<h1>anyvl evaluate</h1><table><tr>{head}</tr>{body}</table>{shown}</html>\n"
    )


def _section(score: Score) -> str:
    rows = "".join(
        f"<h3>{title}</h3><div class=row>{''.join(map(_figure, exhibits))}</div>"
        for title, exhibits in score.exhibits.items()
    )
    return f"<h2>{html.escape(score.name)}: {score.value:.3f}</h2>{rows}"


def _figure(exhibit: Exhibit) -> str:
    caption = html.escape(f"{exhibit.value:.2f}  {exhibit.words}")
    return f'<figure><img alt="" src="{_data(exhibit.picture)}"><figcaption>{caption}</figcaption></figure>'


def _data(picture: Image.Image) -> str:
    """The picture, no larger than the page shows it, as a data address."""
    buffer = io.BytesIO()
    small = picture.convert("RGB")
    small.thumbnail((2 * _SIDE, 2 * _SIDE))
    small.save(buffer, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
