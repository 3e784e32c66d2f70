"""Pictures open as a viewer shows them, or not at all."""

import errno
import os
import struct
import zlib

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image, ImageOps, PngImagePlugin

from data.images import open_picture, square
from data.tensors import to_pixels, to_tensor
from pti.errors import InputError

RAMP = np.linspace(0, 255, 64).astype(np.uint8).reshape(8, 8)
CORNERED = np.arange(32, dtype=np.uint8).reshape(4, 8)
"""No two turns of it are alike."""


def saved(tmp_path, picture, name="picture.png", **options):
    path = tmp_path / name
    picture.save(path, **options)
    return path


def test_grey_becomes_rgb(tmp_path):
    pixels = np.asarray(open_picture(saved(tmp_path, Image.fromarray(RAMP))))
    np.testing.assert_array_equal(pixels, np.repeat(RAMP[..., None], 3, axis=2))


def test_a_palette_shows_its_colours(tmp_path):
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([0, 0, 0, 10, 200, 30])
    assert open_picture(saved(tmp_path, picture)).getpixel((0, 0)) == (10, 200, 30)


def exif(orientation, tag, kind, value):
    """Orientation and one more field, which holds four bytes or points at eight."""
    fields = sorted([(0x0112, 3, struct.pack("<HH", orientation, 0)), (tag, kind, value)])
    table, rest = b"", b""
    for number, form, content in fields:
        far = len(content) > 4
        table += struct.pack("<HHI", number, form, 1 if far or form == 3 else 4)
        table += struct.pack("<I", 8 + 2 + 24 + 4) if far else content
        rest += content if far else b""
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + table + bytes(4) + rest


ODD = {
    "resolution is text": (0x011A, 2, b"abc\0"),
    "maker is a number": (0x010F, 5, struct.pack("<II", 1, 2)),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("odd", ODD)
def test_a_turned_photograph_stands_upright_whatever_else_its_exif_says(tmp_path, orientation, odd):
    plain = Image.Exif()
    plain[0x0112] = orientation
    path = saved(tmp_path, Image.fromarray(CORNERED), exif=plain)
    with Image.open(path) as picture:
        upright = np.asarray(ImageOps.exif_transpose(picture))
    path = saved(tmp_path, Image.fromarray(CORNERED), exif=exif(orientation, *ODD[odd]))
    np.testing.assert_array_equal(np.asarray(open_picture(path))[..., 0], upright)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_a_turned_tiff_stands_upright(tmp_path, depth):
    numbers = CORNERED.astype(depth) * (np.iinfo(depth).max // 255)
    path = saved(tmp_path, Image.fromarray(numbers), "p.tif", tiffinfo={0x0112: 6})
    pixels = np.asarray(open_picture(path))[..., 0]
    np.testing.assert_array_equal(pixels, np.rot90(CORNERED, -1))


def test_an_exif_that_cannot_be_read_is_told(tmp_path, caplog):
    path = saved(tmp_path, Image.fromarray(CORNERED), exif=b"no EXIF at all")
    assert open_picture(path).size == (8, 4)
    assert "EXIF can't be read" in caplog.text
    assert path.name in caplog.text


def frames(path, **options):
    first, *others = (Image.new("RGB", (16, 16), colour) for colour in ("red", "blue"))
    first.save(path, save_all=True, append_images=others, **options)
    return path


def test_of_a_phones_two_pictures_the_first_is_meant(tmp_path):
    pixels = np.asarray(open_picture(frames(tmp_path / "p.jpg", format="MPO")))
    np.testing.assert_allclose(pixels[0, 0], (255, 0, 0), atol=5)


@pytest.mark.parametrize("whole", [0, 1])
def test_a_thumbnail_in_a_tiff_does_not_count(tmp_path, whole):
    with tifffile.TiffWriter(tmp_path / "p.tif") as tiff:
        for page in range(2):
            small = page != whole
            tiff.write(RAMP[:4, :4] if small else RAMP, subfiletype=1 if small else 0)
    pixels = np.asarray(open_picture(tmp_path / "p.tif"))[..., 0]
    np.testing.assert_array_equal(pixels, RAMP)


@pytest.mark.parametrize("name", ["p.gif", "p.png", "p.webp", "p.tif"])
def test_one_frame_is_a_picture_and_two_are_not(tmp_path, name):
    path = tmp_path / name
    Image.new("RGB", (4, 4), "red").save(path, save_all=True)
    assert open_picture(path).size == (4, 4)
    with pytest.raises(InputError, match=f"{name} holds 2 pictures .*save the one"):
        open_picture(frames(path))


@pytest.mark.parametrize(("length", "compressed"), [(2_000_000, True), (40_000_000, False)])
def test_long_text_beside_a_picture_does_no_harm(tmp_path, length, compressed):
    text = PngImagePlugin.PngInfo()
    for number in range(2):
        text.add_text(f"workflow{number}", "a" * length, zip=compressed)
    path = saved(tmp_path, Image.fromarray(RAMP), pnginfo=text)
    np.testing.assert_array_equal(np.asarray(open_picture(path))[..., 0], RAMP)


def png(size, bits, pixels, transparent=b""):
    """Greys of some bits, in one row or with less pixels than the size says."""
    head = b"IHDR" + struct.pack(">2I5B", *size, bits, 0, 0, 0, 0)
    parts = [head, *([b"tRNS" + transparent] if transparent else []), b"IDAT" + pixels, b"IEND"]
    chunks = (
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
        for part in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_transparent_grey_that_pil_looks_for_in_vain_is_refused(tmp_path):
    path, pixels = tmp_path / "p.png", zlib.compress(bytes([0, 0b00_01_10_11]))
    path.write_bytes(png((4, 1), 2, pixels))
    assert np.asarray(open_picture(path))[0, :, 0].tolist() == [0, 85, 170, 255]
    path.write_bytes(png((4, 1), 2, pixels, b"\0\1"))
    with pytest.raises(InputError, match=r"p.png can't be used .*2, 4 or 16 bits"):
        open_picture(path)


@pytest.mark.parametrize(
    ("size", "says"),
    [
        ((14_000, 13_000), "damaged"),  # its pixels were looked for
        ((30_000, 20_000), r"too large .*600000000 pixels.* scale it down"),
        ((2**17, 2**17), r"too large .*17179869184 pixels"),
    ],
)
def test_a_size_beyond_the_limit_is_told(tmp_path, size, says):
    path = tmp_path / "p.png"
    path.write_bytes(png(size, 1, zlib.compress(b"")))
    with pytest.raises(InputError, match=says):
        open_picture(path)


def broken(tmp_path, kind):
    path = tmp_path / f"{kind}.png"
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("no picture", encoding="utf-8")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "circle":
        path.symlink_to(path)
    elif kind == "long":
        return path.with_name("long" * 100)
    elif kind == "truncated":
        noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
        path.write_bytes(path.read_bytes()[:5000])
    return path


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing", "no such file"),
        ("empty", "0 bytes"),
        ("text", "is not a picture"),
        ("folder", "is not a file"),
        ("pipe", "is not a file"),
        ("circle", "Too many levels of symbolic links"),
        ("long", "File name too long"),
        ("truncated", "damaged"),
    ],
)
def test_what_cannot_be_opened_is_named(tmp_path, kind, says):
    path = broken(tmp_path, kind)
    with pytest.raises(InputError, match=says) as caught:
        open_picture(path)
    assert path.name in str(caught.value)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.EMFILE])
def test_what_the_system_refuses_is_not_called_damaged(tmp_path, monkeypatch, code):
    def refuse(path, *_):
        raise OSError(code, os.strerror(code), str(path))

    path = saved(tmp_path, Image.fromarray(RAMP))
    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(InputError, match=os.strerror(code)) as caught:
        open_picture(path)
    assert path.name in str(caught.value)
    assert "damaged" not in str(caught.value)


def test_the_square_is_the_centre():
    picture = Image.new("RGB", (30, 10), "black")
    picture.paste("white", (10, 0, 20, 10))
    assert square(picture, 10).min() == 255


def test_pixels_survive_the_way_to_a_tensor_and_back():
    pixels = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    np.testing.assert_array_equal(to_pixels(to_tensor(pixels)), pixels)
    assert to_pixels(torch.full((3, 8, 8), 0.999)).max() == 254, "truncated, not rounded"
