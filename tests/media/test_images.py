"""Still images come in upright and within limits; thumbnails appear whole or not at all."""

import io
import random
import resource
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from playhead.errors import MediaError, MediaLimitError, StorageError, UnreadableMediaError, UnsafeMediaError
from playhead.media.images import read_image, write_thumbnail
from playhead.types import Limits

HEIGHT, WIDTH = 24, 40


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    """No two sides alike, so that every turn and mirroring shows."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([x * 6, y * 10, (x + y) * 3], axis=2).astype(np.uint8)


def saved(folder: Path, image: Image.Image, name: str, **options: object) -> Path:
    path = folder / name
    image.save(path, **options)  # type: ignore[arg-type]
    return path


def png(width: int, height: int, rows: bytes, *, depth: int = 1) -> bytes:
    """A PNG file from its parts: what it promises and what it holds need not agree."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tiff", "a.webp", "a.gif", "a.jpg", "no-ending"])
def test_every_format_gives_height_width_rgb(name: str, picture: NDArray[np.uint8], tmp_path: Path) -> None:
    kind = {"a.jpg": "JPEG", "no-ending": "PNG"}.get(name, name.removeprefix("a.").upper())
    options = {"lossless": True} if kind == "WEBP" else {}
    found = read_image(saved(tmp_path, Image.fromarray(picture), name, format=kind, **options), [tmp_path])
    assert (found.shape, found.dtype) == ((HEIGHT, WIDTH, 3), np.uint8)
    assert np.abs(found.astype(int) - picture).mean() < (6 if kind in ("JPEG", "GIF") else 0.001)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_come_upright(orientation: int, picture: NDArray[np.uint8], tmp_path: Path) -> None:
    """The stored picture is turned the way a camera held so would store it."""
    stored = {
        1: picture,
        2: picture[:, ::-1],
        3: picture[::-1, ::-1],
        4: picture[::-1],
        5: picture.swapaxes(0, 1),
        6: np.rot90(picture, 1),
        7: picture[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(picture, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, Image.fromarray(np.ascontiguousarray(stored)), "photo.png", exif=exif)
    np.testing.assert_array_equal(read_image(path, [tmp_path]), picture)


def test_sixteen_bits_of_grey_keep_their_shades(tmp_path: Path) -> None:
    shades = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)
    for name in ("deep.png", "deep.tiff"):
        found = read_image(saved(tmp_path, Image.fromarray(shades), name), [tmp_path])
        np.testing.assert_array_equal(found, np.repeat(np.arange(256).reshape(16, 16, 1), 3, axis=2))


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_a_thermal_picture_is_stretched_over_eight_bits(ending: str, tmp_path: Path) -> None:
    heat = np.linspace(7200, 9000, 64 * 64).round().astype(np.uint16).reshape(64, 64)
    path = saved(tmp_path, Image.fromarray(heat), f"heat.{ending}")
    found = read_image(path, [tmp_path])
    assert found.min() < 10
    assert found.max() > 240


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "I", "F"])
def test_every_colour_mode_is_read_without_a_warning(mode: str, picture: NDArray[np.uint8], tmp_path: Path) -> None:
    kind = "TIFF" if mode in ("CMYK", "YCbCr", "F", "I") else "PNG"
    path = saved(tmp_path, Image.fromarray(picture).convert(mode), "x", format=kind)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_image(path, [tmp_path]).shape == (HEIGHT, WIDTH, 3)


def test_a_palette_with_shades_of_transparency_is_read(picture: NDArray[np.uint8], tmp_path: Path) -> None:
    image = Image.fromarray(picture).quantize(16)
    path = saved(tmp_path, image, "p.png", transparency=bytes(range(16)))
    assert read_image(path, [tmp_path]).shape == (HEIGHT, WIDTH, 3)


def test_of_an_animation_the_first_picture_is_read(tmp_path: Path) -> None:
    red, blue = (Image.new("RGB", (8, 8), colour) for colour in ("red", "blue"))
    for name in ("a.gif", "a.webp"):
        found = read_image(saved(tmp_path, red, name, save_all=True, append_images=[blue, blue]), [tmp_path])
        assert np.abs(found[4, 4].astype(int) - (255, 0, 0)).max() < 5


@pytest.mark.parametrize("data", [b"hello", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"BM", b"II*\x00"])
def test_what_is_no_image_says_so(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(data)
    with pytest.raises(UnreadableMediaError, match="image"):
        read_image(tmp_path / "x.png", [tmp_path])


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='http://127.0.0.1:9/x.png'/></svg>", "x.png"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n(/etc/hostname) run\n", "x.eps"),
        (b"%PDF-1.4\n", "x.jpg"),
        (b"\x00\x00\x01\x00\x01\x00\x08\x08", "x.ico"),
    ],
)
def test_formats_that_can_run_or_fetch_something_are_refused(data: bytes, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(MediaError):
        read_image(tmp_path / name, [tmp_path])


def test_a_bomb_is_refused_before_it_is_unfolded(tmp_path: Path) -> None:
    """Twenty thousand pixels square in 50 kB, and one that promises so much that Pillow itself objects."""
    side = 20_000
    rows = zlib.compress(bytes(side // 8 + 1) * side)
    (tmp_path / "bomb.png").write_bytes(png(side, side, rows))
    (tmp_path / "larger.png").write_bytes(png(60_000, 60_000, rows))
    (tmp_path / "long.png").write_bytes(png(2**31 - 1, 2**31 - 1, b""))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in ("bomb.png", "larger.png", "long.png"):
        with pytest.raises(MediaLimitError, match=r"pixels"):
            read_image(tmp_path / name, [tmp_path])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kB


def test_the_limit_on_pixels_is_exact(picture: NDArray[np.uint8], tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(picture), "a.png")
    assert read_image(path, [tmp_path], Limits(pixels=HEIGHT * WIDTH)).shape == (HEIGHT, WIDTH, 3)
    with pytest.raises(MediaLimitError, match="40x24"):
        read_image(path, [tmp_path], Limits(pixels=HEIGHT * WIDTH - 1))


def test_a_truncated_image_says_so(picture: NDArray[np.uint8], tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for name in ("a.png", "a.jpg", "a.tiff"):
        path = saved(tmp_path, Image.fromarray(noise), name)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(UnreadableMediaError, match="cannot be read"):
            read_image(path, [tmp_path])


def test_damage_never_ends_in_a_traceback(picture: NDArray[np.uint8], tmp_path: Path) -> None:
    dice = random.Random(5)
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"):
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, kind, **({"exif": exif} if kind in ("PNG", "JPEG", "WEBP") else {}))
        for _ in range(60):
            data = bytearray(stream.getvalue())
            for _ in range(dice.choice([1, 3, 9])):
                data[dice.randrange(min(len(data), dice.choice([40, 300, 9999])))] = dice.randrange(256)
            (tmp_path / "x").write_bytes(data)
            try:
                found = read_image(tmp_path / "x", [tmp_path], Limits(pixels=1 << 22))
            except MediaError:
                continue
            assert found.ndim == 3
            assert found.dtype == np.uint8


def test_images_are_opened_as_safely_as_footage(picture: NDArray[np.uint8], tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link.png").symlink_to(saved(tmp_path, Image.fromarray(picture), "out.png"))
    with pytest.raises(UnsafeMediaError):
        read_image(root / "link.png", [root])


def test_a_thumbnail_is_small_and_keeps_its_shape(tmp_path: Path) -> None:
    path = tmp_path / "thumbs" / "ab" / "x.jpg"
    write_thumbnail(np.full((400, 1280, 3), (200, 30, 30), np.uint8), path)
    with Image.open(path) as image:
        assert (image.format, image.size) == ("JPEG", (320, 100))
        assert image.getpixel((160, 50)) == pytest.approx((200, 30, 30), abs=6)
    write_thumbnail(np.zeros((10, 10, 3), np.uint8), path)
    with Image.open(path) as image:
        assert image.size == (10, 10)
    assert [p.name for p in path.parent.iterdir()] == ["x.jpg"]


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file can grow beyond 64 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_full_disk_the_old_thumbnail_stays_and_nothing_is_left_over(tmp_path: Path, full_disk: None) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(b"the old one")
    with pytest.raises(StorageError, match=r"x\.jpg was not saved"):
        write_thumbnail(np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8), path)
    assert [p.name for p in tmp_path.iterdir()] == ["x.jpg"]
    assert path.read_bytes() == b"the old one"


def test_where_no_folder_can_be_made_the_error_is_ours(tmp_path: Path) -> None:
    (tmp_path / "thumbs").write_text("a file")
    with pytest.raises(StorageError):
        write_thumbnail(np.zeros((8, 8, 3), np.uint8), tmp_path / "thumbs" / "x.jpg")
