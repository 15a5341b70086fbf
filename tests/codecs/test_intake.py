"""Intake: every kind of picture file as upright RGB, and one sentence for whatever is none."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from anyvl.codecs.intake import MOST_PIXELS, open_picture
from anyvl.errors import InputError

HEIGHT, WIDTH = 40, 72


def gradient() -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([rows * 6, columns * 3, np.full_like(rows, 90)], axis=-1).astype(np.uint8)


def saved(path, image: Image.Image, **options):
    image.save(path, **options)
    return path


def test_a_path_a_name_a_file_an_image_and_an_array_are_the_same(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(gradient()))
    with Image.open(path) as image, open(path, "rb") as file:
        for source in (path, str(path), io.BytesIO(path.read_bytes()), file, image, gradient()):
            picture = open_picture(source)
            assert picture.dtype == np.uint8 and picture.flags.writeable and picture.flags.c_contiguous
            np.testing.assert_array_equal(picture, gradient())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_are_undone(tmp_path, orientation):
    turns = {
        1: (0, False),
        2: (0, True),
        3: (2, False),
        4: (2, True),
        5: (1, True),
        6: (1, False),
        7: (3, True),
        8: (3, False),
    }
    quarter_turns, mirrored = turns[orientation]
    stored = gradient()[:, ::-1] if mirrored else gradient()
    stored = np.rot90(stored, quarter_turns)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(
        tmp_path / "turned.jpg", Image.fromarray(np.ascontiguousarray(stored)), exif=exif, quality=100, subsampling=0
    )
    picture = open_picture(path)
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(picture.astype(int) - gradient()).max() <= 8  # JPEG


def test_transparency_is_laid_on_white(tmp_path):
    pixels = np.zeros((HEIGHT, WIDTH, 4), dtype=np.uint8)
    pixels[..., 0], pixels[:, : WIDTH // 2, 3], pixels[0, 0, 3] = 200, 255, 51
    path = saved(tmp_path / "alpha.png", Image.fromarray(pixels))
    for source in (path, pixels):
        picture = open_picture(source)
        assert picture[5, 5].tolist() == [200, 0, 0] and picture[5, -5].tolist() == [255, 255, 255]
        assert np.abs(picture[0, 0].astype(int) - [244, 204, 204]).max() <= 1
    grey = Image.fromarray(pixels[..., 0]).convert("LA")
    grey.putalpha(Image.fromarray(pixels[..., 3]))
    assert open_picture(saved(tmp_path / "grey-alpha.png", grey))[5, [5, -5]].tolist() == [[200] * 3, [255] * 3]


def test_palettes_with_and_without_transparency(tmp_path):
    image = Image.new("P", (WIDTH, HEIGHT), 0)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.paste(1, (0, 0, 9, 9))
    assert open_picture(saved(tmp_path / "p.png", image))[[2, 20], [2, 20]].tolist() == [[200, 100, 50], [10, 20, 30]]
    for name, transparency in (("one.png", 0), ("table.png", b"\x00\xff"), ("one.gif", 0)):
        picture = open_picture(saved(tmp_path / name, image, transparency=transparency))
        assert picture[[2, 20], [2, 20]].tolist() == [[200, 100, 50], [255, 255, 255]]


def test_sixteen_bits_are_scaled(tmp_path):
    values = np.linspace(0, 65535, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.uint16)
    wanted = np.rint(values / 257).astype(np.uint8)
    for source in (saved(tmp_path / "16.png", Image.fromarray(values)), values):
        picture = open_picture(source)
        assert (picture == wanted[..., None]).all() and picture.min() == 0 and picture.max() == 255


def test_sixteen_bit_colour(tmp_path):
    colour = png(WIDTH, HEIGHT, depth=16, colour=2, rows=(b"\0" + b"\xff\xff\x80\x00\x00\x00" * WIDTH) * HEIGHT)
    (tmp_path / "16.png").write_bytes(colour)
    assert open_picture(tmp_path / "16.png")[3, 3].tolist() == [255, 128, 0]


@pytest.mark.parametrize(
    "mode, colour, wanted", [("CMYK", (0, 255, 255, 0), (254, 0, 0)), ("L", 77, (77, 77, 77)), ("1", 1, (255,) * 3)]
)
def test_colour_models(tmp_path, mode, colour, wanted):
    image = Image.new(mode, (WIDTH, HEIGHT), colour)
    path = saved(tmp_path / "x.png", image) if mode == "1" else saved(tmp_path / "x.jpg", image, quality=100)
    picture = open_picture(path)
    assert picture.shape == (HEIGHT, WIDTH, 3) and np.abs(picture.astype(int) - wanted).max() <= 3


def test_one_pixel(tmp_path):
    path = saved(tmp_path / "1.png", Image.new("RGB", (1, 1), (1, 2, 3)))
    assert open_picture(path).tolist() == [[[1, 2, 3]]]


@pytest.mark.parametrize(
    "array, wanted",
    [
        (np.ones((2, 3)) * 0.5, 128),
        (np.ones((2, 3, 1), dtype=np.float32), 255),
        (np.ones((2, 3, 3), dtype=bool), 255),
        (np.full((2, 3), 9, dtype=np.uint8), 9),
    ],
)
def test_arrays_of_other_types(array, wanted):
    assert open_picture(array).tolist() == np.full((2, 3, 3), wanted).tolist()


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 8, 9), dtype=np.uint8),
        np.zeros((0, 4, 3), dtype=np.uint8),
        np.zeros((2, 2), dtype=np.int32),
        np.full((2, 2), 2.0),
        np.full((2, 2), np.nan),
        np.zeros(5, dtype=np.uint8),
    ],
)
def test_arrays_that_are_no_pictures(array):
    with pytest.raises(InputError, match="an array picture"):
        open_picture(array)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "webp", "tiff", "bmp"])
def test_cut_short_at_any_place(tmp_path, suffix, share):
    random = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    path = saved(tmp_path / f"whole.{suffix}", Image.fromarray(random))
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(InputError, match=f"cut.{suffix}"):
        open_picture(cut)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow about odd TIFF tags
def test_damaged_bytes_are_a_picture_or_an_error(tmp_path):
    random = np.random.default_rng(0)
    for suffix in ("png", "jpg", "gif", "tiff"):
        whole = np.frombuffer(saved(tmp_path / f"a.{suffix}", Image.fromarray(gradient())).read_bytes(), dtype=np.uint8)
        for _ in range(60):
            broken = whole.copy()
            broken[random.integers(0, min(len(broken), 300), 4)] = random.integers(0, 256, 4)
            (tmp_path / f"broken.{suffix}").write_bytes(broken.tobytes())
            try:
                assert open_picture(tmp_path / f"broken.{suffix}").shape[2] == 3
            except InputError as error:
                assert f"broken.{suffix}" in str(error)


@pytest.mark.parametrize("content, words", [(b"", "empty"), (b"no picture, only words", "no picture in a format")])
def test_files_that_are_no_pictures(tmp_path, content, words):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(InputError, match=f"x.png.*{words}"):
        open_picture(tmp_path / "x.png")
    with pytest.raises(InputError, match="no picture in a format"):
        open_picture(io.BytesIO(content))


def test_what_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.png is not there"):
        open_picture(tmp_path / "nowhere.png")
    with pytest.raises(InputError, match="is a folder"):
        open_picture(str(tmp_path))


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("side", [20_000, 10_000, 8_001])  # above, between and below Pillow's own limits
def test_pictures_of_too_many_pixels_are_refused_before_they_are_decoded(tmp_path, side):
    path = tmp_path / "huge.png"
    path.write_bytes(png(side, side, depth=1, colour=0, rows=bytes(-(-side // 8) + 1) * side))
    tracemalloc.start()
    with pytest.raises(InputError, match=r"huge.png has too many pixels.*at most 64 million"):
        open_picture(path)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_an_array_of_too_many_pixels_is_refused():
    side = int(MOST_PIXELS**0.5) + 1
    with pytest.raises(InputError, match="too many pixels"):
        open_picture(np.broadcast_to(np.uint8(0), (side, side)))
