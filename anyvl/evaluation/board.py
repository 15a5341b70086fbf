"""Pictures side by side with their words, as one picture for a page."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_CELL = 168
_LINES = 34
_GAP = 10


def save_board(rows: Sequence[Sequence[tuple[Image.Image, str]]], path: Path, cell: int = _CELL) -> None:
    """Write rows of pictures, their words under them, each picture fitted into a square of `cell` px."""
    size = (max(map(len, rows)) * (cell + _GAP) + _GAP, len(rows) * (cell + _LINES + _GAP))
    sheet = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=11)
    for y, row in enumerate(rows):
        for x, (image, words) in enumerate(row):
            scale = cell / max(image.size)
            fitted = (round(image.width * scale), round(image.height * scale))
            left, top = _GAP + x * (cell + _GAP), _GAP + y * (cell + _LINES + _GAP)
            sheet.paste(
                image.convert("RGB").resize(fitted, Image.Resampling.BICUBIC), (left + (cell - fitted[0]) // 2, top)
            )
            pen.multiline_text((left, top + cell + 3), _wrapped(words), fill="black", font=font, spacing=2)
    sheet.save(path)


def _wrapped(words: str, most: int = 29) -> str:
    lines = [""]
    for word in words.split():
        if len(lines[-1]) + len(word) > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
