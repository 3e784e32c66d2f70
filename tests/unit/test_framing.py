"""The square that is edited, its way back, and what the sheet shows of it."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from data.colours import over_white
from experiments.edit.command import draw
from experiments.edit.frame import Frame

NEAREST = Image.Resampling.NEAREST


def noise(size, channels=3):
    width, height = size
    values = np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return Image.fromarray(values)


@pytest.mark.parametrize("fit", [min, max])
@pytest.mark.parametrize("size", [(9, 4), (4, 9), (7, 7), (1, 6)])
def test_the_square_is_the_middle_and_its_edges_go_on(size, fit):
    picture = noise(size)
    side = fit(size)
    rows, columns = (
        np.arange((full - side) // 2, (full - side) // 2 + side).clip(0, full - 1)
        for full in reversed(size)
    )
    expected = np.asarray(picture)[rows][:, columns]
    np.testing.assert_array_equal(Frame(picture, side).squared(side), expected)


@pytest.mark.parametrize("fit", [min, max])
@pytest.mark.parametrize("size", [(9, 4), (4, 9)])
def test_alpha_stays_and_the_square_shows_what_was_made(size, fit):
    picture = noise(size, 4)
    frame = Frame(picture, fit(size))
    bright = frame.squared(frame.size) // 4 + 191  # so bright that each alpha from 64 on shows it
    own, whole = np.asarray(picture), frame.put_back(bright, NEAREST)
    after = np.asarray(whole)
    np.testing.assert_array_equal(after[..., 3], own[..., 3])
    left, top, right, bottom = frame.box
    inside = np.zeros(own.shape[:2], bool)
    inside[max(top, 0) : bottom, max(left, 0) : right] = True
    np.testing.assert_array_equal(after[~inside], own[~inside])
    view = Frame(over_white(whole), frame.size).squared(frame.size)
    opaque = Frame(picture.getchannel("A").convert("RGB"), frame.size).squared(frame.size) >= 64
    assert np.abs(view.astype(int) - bright)[opaque].max() <= 1


def test_what_is_wholly_transparent_keeps_its_colours():
    picture = Image.new("RGBA", (3, 3), (1, 2, 3, 0))
    whole = Frame(picture, 3).put_back(np.full((3, 3, 3), 77, np.uint8), NEAREST)
    np.testing.assert_array_equal(np.asarray(whole), np.asarray(picture))


@pytest.mark.parametrize(
    ("size", "coarser"), [((2000, 1000), True), ((30, 4000), True), ((400, 300), False)]
)
def test_the_sheet_draws_less_than_twice_its_pixels(size, coarser):
    figure: Figure = draw({"before": noise(size), "after": noise(size, 4)}, "title")
    for axes in figure.axes:
        height, width, channels = np.asarray(axes.images[0].get_array()).shape
        assert channels == 3
        assert ((width, height) != size) == coarser
        assert width < 2 * 480
        assert height < 2 * 3 * 480
        assert width / height == pytest.approx(size[0] / size[1], rel=0.05)
