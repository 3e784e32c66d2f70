"""Pictures open as a viewer shows them, or not at all."""

import numpy as np
import pytest
import torch
from PIL import Image

from data.images import open_picture, square, to_pixels, to_tensor
from pti.errors import InputError

RAMP = np.linspace(0, 255, 64).astype(np.uint8).reshape(8, 8)


def saved(tmp_path, picture, name="picture.png", **options):
    path = tmp_path / name
    picture.save(path, **options)
    return path


def test_grey_becomes_rgb(tmp_path):
    pixels = np.asarray(open_picture(saved(tmp_path, Image.fromarray(RAMP))))
    np.testing.assert_array_equal(pixels, np.repeat(RAMP[..., None], 3, axis=2))


def test_16_bit_grey_is_scaled_not_clipped(tmp_path):
    deep = Image.fromarray(RAMP.astype(np.uint16) * 257)
    pixels = np.asarray(open_picture(saved(tmp_path, deep)))
    np.testing.assert_array_equal(pixels[..., 0], RAMP)


def test_a_palette_shows_its_colours(tmp_path):
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([0, 0, 0, 10, 200, 30])
    assert open_picture(saved(tmp_path, picture)).getpixel((0, 0)) == (10, 200, 30)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_shows_white(tmp_path, mode):
    clear = Image.new(mode, (4, 4), (0, 0) if mode == "LA" else (0, 0, 0, 0))
    assert open_picture(saved(tmp_path, clear)).getpixel((0, 0)) == (255, 255, 255)


def test_a_transparent_palette_shows_white(tmp_path):
    picture = Image.new("P", (4, 4), 0)
    picture.putpalette([0, 0, 0])
    assert open_picture(saved(tmp_path, picture, transparency=0)).getpixel((0, 0)) == (255,) * 3


def test_a_rotated_photograph_stands_upright(tmp_path):
    picture = Image.new("RGB", (8, 4))
    exif = Image.Exif()
    exif[0x0112] = 6
    assert open_picture(saved(tmp_path, picture, "p.jpg", exif=exif)).size == (4, 8)


def test_cmyk_becomes_rgb(tmp_path):
    picture = Image.new("CMYK", (4, 4), (0, 0, 0, 0))
    assert open_picture(saved(tmp_path, picture, "p.jpg")).getpixel((0, 0)) == (255, 255, 255)


def broken(tmp_path, kind):
    path = tmp_path / f"{kind}.png"
    if kind == "missing":
        return path
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("no picture")
    elif kind == "animated":
        frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
        path = path.with_suffix(".gif")
        frames[0].save(path, save_all=True, append_images=frames[1:])
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
        ("text", "no picture"),
        ("animated", "animated"),
        ("truncated", "damaged"),
    ],
)
def test_what_cannot_be_opened_is_named(tmp_path, kind, says):
    path = broken(tmp_path, kind)
    with pytest.raises(InputError, match=says) as caught:
        open_picture(path)
    assert path.name in str(caught.value)


def test_the_square_is_the_centre():
    picture = Image.new("RGB", (30, 10), "black")
    picture.paste("white", (10, 0, 20, 10))
    assert square(picture, 10).min() == 255


def test_pixels_survive_the_way_to_a_tensor_and_back():
    pixels = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    np.testing.assert_array_equal(to_pixels(to_tensor(pixels)), pixels)
    assert to_pixels(torch.full((3, 8, 8), 0.999)).max() == 254, "truncated, not rounded"
