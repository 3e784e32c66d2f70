"""Colours open as a viewer shows them, whatever mode, depth and profile they are stored in."""

import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from data.images import open_picture, open_with_alpha
from pti.errors import InputError
from tests.unit import profiles

RAMP = np.linspace(0, 255, 64).astype(np.uint8).reshape(8, 8)
DEEP = RAMP.astype(np.uint16) * 257
FLOATS = np.linspace(87, 107, 64, dtype=np.float32).reshape(8, 8)
UNIT = RAMP.astype(np.float32) / 255


def pixels_of(tmp_path, picture, name="picture.png", **options):
    picture.save(tmp_path / name, **options)
    return np.asarray(open_picture(tmp_path / name))


def of_tiff(tmp_path, numbers, **options):
    path = tmp_path / "picture.tif"
    tifffile.imwrite(path, numbers, **options)
    pixels = np.asarray(open_picture(path))
    assert (pixels == pixels[..., :1]).all()
    return pixels[..., 0]


def with_one(numbers, value):
    copy = numbers.copy()
    copy[0, 0] = value
    return copy


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_16_bit_grey_is_scaled_not_clipped(tmp_path, order, compression):
    numbers = of_tiff(tmp_path, DEEP, byteorder=order, compression=compression)
    np.testing.assert_array_equal(numbers, RAMP)
    np.testing.assert_array_equal(pixels_of(tmp_path, Image.fromarray(DEEP))[..., 0], RAMP)


@pytest.mark.parametrize("numbers", [RAMP, DEEP, UNIT], ids=["8", "16", "float"])
def test_where_zero_is_white(tmp_path, numbers):
    inverse = of_tiff(tmp_path, numbers, photometric="miniswhite")
    np.testing.assert_array_equal(inverse, 255 - RAMP)


@pytest.mark.parametrize(("most", "told"), [(4095, True), (4097, False), (0, False)])
def test_deep_numbers_of_which_none_comes_near_white_are_told(tmp_path, caplog, most, told):
    of_tiff(tmp_path, np.full((8, 8), most, np.uint16))
    assert ("read as nearly black" in caplog.text) is told


def test_12_bits_reach_white(tmp_path):
    tags = {256: 3, 257: 1, 258: 12, 259: 1, 262: 1, 273: 0, 277: 1, 278: 1, 279: 5}
    start = 8 + 2 + 12 * len(tags) + 4
    fields = (struct.pack("<HHII", tag, 4, 1, value or start) for tag, value in tags.items())
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + b"".join(fields) + bytes(4)
    path = tmp_path / "picture.tif"
    path.write_bytes(head + bytes.fromhex("000fff8000"))
    assert np.asarray(open_picture(path))[0, :, 0].tolist() == [0, 255, 128]


def test_16_bits_of_colour(tmp_path):
    colours = np.stack([DEEP, DEEP.T, DEEP[::-1]], axis=2)
    path = tmp_path / "picture.tif"
    tifffile.imwrite(path, colours, photometric="rgb")
    np.testing.assert_array_equal(np.asarray(open_picture(path)), colours >> 8)


@pytest.mark.parametrize(
    ("numbers", "view"),
    [
        (UNIT, RAMP),
        (with_one(UNIT, 1.0001), with_one(RAMP, 255)),
        (with_one(UNIT, -0.0001), RAMP),
        (FLOATS, FLOATS.round()),
        (with_one(FLOATS, 255.5), with_one(FLOATS.round(), 255)),
        (RAMP.astype(np.float32), RAMP),
        (np.zeros((8, 8), np.float32), np.zeros((8, 8))),
    ],
)
def test_floats_up_to_1_or_255(tmp_path, numbers, view):
    np.testing.assert_array_equal(of_tiff(tmp_path, numbers), view)


@pytest.mark.parametrize(
    "numbers",
    [
        with_one(UNIT, np.nan),
        with_one(UNIT, np.inf),
        with_one(UNIT, -0.5),
        with_one(UNIT, 1.5),
        with_one(UNIT, 200),
        -UNIT,
        UNIT * 10,
        UNIT * 65535,
        RAMP.astype(np.int32),
        RAMP.astype(np.uint32) * 65536,
        RAMP.astype(np.int16),
        (RAMP // 2).astype(np.int8),
    ],
    ids=lambda numbers: f"{numbers.dtype} to {numbers.max()}",
)
def test_numbers_without_a_known_white_are_refused(tmp_path, numbers):
    says = r"picture.tif can't be used .*(nothing tells which|are not finite)"
    with pytest.raises(InputError, match=says):
        of_tiff(tmp_path, numbers)


def test_planes_of_16_bits_are_refused_for_pil_reads_them_as_8(tmp_path):
    planes = {"photometric": "rgb", "planarconfig": "separate"}
    with pytest.raises(InputError, match="planes of 16 bits"):
        of_tiff(tmp_path, np.stack([DEEP] * 3), **planes)
    np.testing.assert_array_equal(of_tiff(tmp_path, np.stack([RAMP] * 3), **planes), RAMP)


@pytest.mark.parametrize(
    ("mode", "colour", "name", "view"),
    [
        ("CMYK", (0, 255, 255, 0), "p.jpg", (255, 0, 0)),
        ("CMYK", (0, 255, 255, 0), "p.tif", (255, 0, 0)),
        ("YCbCr", (76, 85, 255), "p.tif", (254, 0, 0)),
        ("LAB", (128, 128, 128), "p.tif", (119, 119, 119)),  # L* = 50
        ("1", 1, "p.png", (255, 255, 255)),
    ],
)
def test_other_models_of_colour(tmp_path, mode, colour, name, view):
    pixels = pixels_of(tmp_path, Image.new(mode, (16, 16), colour), name)
    np.testing.assert_allclose(pixels[5, 5], view, atol=1)


@pytest.mark.parametrize(
    ("mode", "colour", "profile", "view"),
    [
        ("RGB", (40, 160, 40), profiles.swapped(), (160, 40, 40)),
        ("RGBA", (40, 160, 40, 255), profiles.swapped(), (160, 40, 40)),
        ("L", 90, profiles.swapped(), (90, 90, 90)),
        ("L", 55, profiles.linear_grey(), (128, 128, 128)),  # (55 / 255) ** (1 / 2.2), about
        ("LA", (55, 255), profiles.linear_grey(), (128, 128, 128)),
        ("I;16", 55 * 257, profiles.linear_grey(), (128, 128, 128)),
        ("CMYK", (255, 255, 255, 0), profiles.black_alone_prints(), (255, 255, 255)),
    ],
)
def test_an_embedded_profile_is_applied(tmp_path, mode, colour, profile, view):
    name = "p.tif" if mode == "CMYK" else "p.png"
    pixels = pixels_of(tmp_path, Image.new(mode, (4, 4), colour), name, icc_profile=profile)
    assert tuple(pixels[0, 0]) == view


def test_a_palette_with_a_profile(tmp_path):
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([0, 0, 0, 40, 160, 40])
    assert tuple(pixels_of(tmp_path, picture, icc_profile=profiles.swapped())[0, 0]) == (
        160,
        40,
        40,
    )


def test_the_profile_of_srgb_changes_no_bit(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    pixels = pixels_of(tmp_path, Image.fromarray(noise), icc_profile=profiles.srgb())
    np.testing.assert_array_equal(pixels, noise)


@pytest.mark.parametrize(
    "profile", [b"no profile", profiles.linear_grey(), profiles.black_alone_prints()]
)
def test_a_profile_that_does_not_fit_is_left_out_and_told(tmp_path, caplog, profile):
    pixels = pixels_of(tmp_path, Image.new("RGB", (4, 4), (40, 160, 40)), icc_profile=profile)
    assert tuple(pixels[0, 0]) == (40, 160, 40)
    (line,) = caplog.messages
    assert line.startswith(f"{tmp_path / 'picture.png'}: its colour profile can't be used")


def test_what_was_opened_carries_no_profile_into_another_file(tmp_path):
    path = tmp_path / "picture.png"
    Image.new("RGB", (4, 4)).save(path, icc_profile=profiles.swapped())
    assert open_with_alpha(path).info == {}


@pytest.mark.parametrize(
    ("picture", "options", "colour"),
    [
        (Image.new("RGBA", (4, 4), (1, 2, 3, 0)), {}, (1, 2, 3)),
        (Image.new("LA", (4, 4), (9, 0)), {}, (9, 9, 9)),
        (Image.new("L", (4, 4), 9), {"transparency": 9}, (9, 9, 9)),
        (Image.new("RGB", (4, 4), (1, 2, 3)), {"transparency": (1, 2, 3)}, (1, 2, 3)),
        (Image.new("P", (4, 4), 0), {"transparency": 0}, (0, 0, 0)),
        (Image.new("I;16", (4, 4), 2570), {"transparency": 2570}, (10, 10, 10)),
        (Image.new("1", (4, 4), 1), {"transparency": 255}, (255, 255, 255)),
    ],
    ids=lambda value: getattr(value, "mode", ""),
)
def test_transparency_shows_white_and_keeps_what_lies_beneath(tmp_path, picture, options, colour):
    assert (pixels_of(tmp_path, picture, **options) == 255).all()
    assert open_with_alpha(tmp_path / "picture.png").getpixel((0, 0)) == (*colour, 0)
