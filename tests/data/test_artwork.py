"""Drawings of all styles: found in the layout of their packages, taken apart so that they can be had in any colour."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from anyvl.data.scenes import artwork as artwork_room
from anyvl.data.scenes.artwork import drawing_of
from anyvl.data.scenes.catalogue import COLOURS, KINDS, STYLES, Kind
from anyvl.data.scenes.figures import draw_figure
from anyvl.data.scenes.packed import main, read_packed
from anyvl.data.scenes.recolour import LEAST_FILL, take_apart
from anyvl.data.scenes.repertoire import REPERTOIRES, Repertoire
from anyvl.data.scenes.sprites import MASTER_SIDE, load_sprites, master_of
from anyvl.errors import MissingDataError


@pytest.fixture
def artwork(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The two fetched packages, in their layout, with one drawing each: a red disc with a black eye."""
    fluent = tmp_path / "lobehub-fluent-emoji-3d" / "package" / "assets"
    fluent.mkdir(parents=True)
    disc().save(fluent / "1f98a.webp", lossless=True)
    disc().save(fluent / "2602-fe0f.webp", lossless=True)
    noto = tmp_path / "iconify-json-noto" / "package"
    noto.mkdir(parents=True)
    body = '<circle cx="64" cy="64" r="60" fill="#e03030"/><circle cx="64" cy="40" r="12" fill="#101010"/>'
    (noto / "icons.json").write_text(
        json.dumps({"icons": {"fox": {"body": body}}, "aliases": {"vixen": {"parent": "fox"}}})
    )
    (noto / "chars.json").write_text(json.dumps({"1f98a": "fox", "2602": "vixen"}))
    monkeypatch.setenv("ANYVL_ARTWORK", str(tmp_path))
    return tmp_path


def disc() -> Image.Image:
    picture = Image.new("RGBA", (256, 256))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((8, 8, 248, 248), fill=(224, 48, 48, 255))
    pen.ellipse((104, 56, 152, 104), fill=(16, 16, 16, 255))
    return picture


@pytest.mark.parametrize("style", ["flat", "3d", "cartoon"])
def test_drawings_are_found_with_and_without_a_variation_selector(style: str, artwork: Path) -> None:
    for codepoint in ("1f98a", "2602"):
        drawing = drawing_of(codepoint, style, 64)
        assert drawing is not None and drawing.size == (64, 64) and drawing.mode == "RGBA"
    assert drawing_of("10ffff", style, 64) is None


@pytest.mark.parametrize("style", ["3d", "cartoon"])
def test_artwork_that_was_not_fetched_is_asked_for(style: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYVL_ARTWORK", str(tmp_path / "nothing"))
    artwork_room._noto_table.cache_clear()
    with pytest.raises(MissingDataError, match="scripts/artwork"):
        drawing_of("1f98a", style, 64)


def test_a_drawing_in_its_own_colour_is_the_drawing() -> None:
    parts = take_apart(disc())
    again = parts.fixed + parts.fill[..., None] * parts.colour
    drawn = np.asarray(disc(), np.float32) / 255
    assert np.abs(again - drawn[..., :3] * drawn[..., 3:]).max() < 0.02
    assert parts.coverage > 0.9 and np.allclose(parts.colour * 255, (224, 48, 48), atol=2)


def test_a_colour_changes_the_fill_and_nothing_else() -> None:
    parts = take_apart(disc())
    blue = parts.fixed + parts.fill[..., None] * (np.array(COLOURS["blue"]) / 255)
    assert np.allclose(blue[200, 128] * 255, COLOURS["blue"], atol=3), "the disc takes the colour"
    assert np.allclose(blue[80, 128] * 255, (16, 16, 16), atol=3), "the eye stays black"


def test_shades_stay_shades() -> None:
    ramp = np.zeros((16, 64, 4), np.uint8)
    ramp[..., 3] = 255
    ramp[..., 0] = np.linspace(90, 250, 64)  # from dark red to bright red
    parts = take_apart(Image.fromarray(ramp))
    green = parts.fixed + parts.fill[..., None] * (np.array(COLOURS["green"]) / 255)
    assert (np.diff(green[8].sum(-1)) >= -1e-4).all() and green[8, -1].sum() > 1.5 * green[8, 0].sum()


def test_every_thing_of_a_shipped_repertoire_takes_its_colour() -> None:
    for kind in REPERTOIRES["basic"].kinds:
        if KINDS[kind].codepoint:
            drawing = drawing_of(KINDS[kind].codepoint, "flat", 96)
            assert drawing is not None and take_apart(drawing).coverage >= LEAST_FILL, KINDS[kind].name


@pytest.mark.parametrize("style", STYLES)
def test_figures_differ_by_style_in_shade_and_keep_their_outline(style: str) -> None:
    flat, styled = draw_figure("heart", "flat", 96), draw_figure("heart", style, 96)
    assert np.array_equal(flat.alpha, styled.alpha)
    assert (style == "flat") == np.array_equal(flat.fill, styled.fill)
    assert styled.fill.min() >= 0 and (styled.fixed.max(-1) + styled.fill <= styled.alpha + 1e-6).all()


def test_masters_fill_their_square() -> None:
    for kind in (KINDS[0], Kind(name="crescent", plural="crescents", natural="yellow")):
        opaque = master_of(kind, "flat")[..., 4] > 127
        extent = [np.flatnonzero(opaque.any(axis)) for axis in (0, 1)]
        assert max(places[-1] - places[0] + 1 for places in extent) >= MASTER_SIDE - 2


def test_packed_drawings_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = Repertoire(things=("fox", "heart"))
    monkeypatch.setitem(REPERTOIRES, "few", few)
    main("few", str(tmp_path / "few.safetensors"))
    drawn = load_sprites.__wrapped__(few)
    monkeypatch.setenv("ANYVL_SPRITES", str(tmp_path / "few.safetensors"))
    assert all((mip == again).all() for mip, again in zip(drawn.mips, load_sprites.__wrapped__(few).mips, strict=True))
    with pytest.raises(MissingDataError, match="drawing of a owl"):
        read_packed([("owl", "flat")])
    monkeypatch.setenv("ANYVL_SPRITES", str(tmp_path / "none"))
    with pytest.raises(MissingDataError, match="REPERTOIRE FILE"):
        read_packed([("fox", "flat")])
