"""Masks of the user's: read beside their pictures, and squared like them."""

import numpy as np
import pytest
from PIL import Image

from data.folder import Folder
from data.images import square
from data.masks import mask_of, square_mask
from pti.errors import InputError


def folder(path, mask, picture=(40, 30), name="mask.png"):
    Image.new("RGB", picture, "red").save(path / "car.png")
    mask.save(path / name)
    (path / "metadata.csv").write_text(f"file_name,text,mask\ncar.png,a red car,{name}\n")
    (task,) = Folder(str(path))
    return task


def half(mode="L", size=(40, 30)):
    mask = Image.new("L", size)
    mask.paste(255, (0, 0, size[0] // 2, size[1]))
    return mask.convert(mode)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16"])
def test_white_is_true_in_any_kind_of_file(tmp_path, mode):
    mask = half("L" if mode == "I;16" else mode)
    if mode == "I;16":
        mask = Image.fromarray(np.asarray(mask).astype(np.uint16) * 257)
    made = mask_of(folder(tmp_path, mask))
    assert made.shape == (30, 40)
    assert made[:, :20].all()
    assert not made[:, 20:].any()


@pytest.mark.parametrize(("grey", "selected"), [(127, False), (128, True)])
def test_grey_counts_as_white_from_the_middle_on(tmp_path, grey, selected):
    assert mask_of(folder(tmp_path, Image.new("L", (40, 30), grey))).all() == selected


def test_the_size_of_both_is_told_where_it_differs(tmp_path):
    task = folder(tmp_path, half(size=(30, 40)))
    with pytest.raises(
        InputError, match=r"mask of car\.png has 30 by 40 pixels and the picture 40"
    ):
        mask_of(task)


def test_a_transparent_mask_is_not_guessed_at(tmp_path):
    mask = half("RGBA")
    mask.putalpha(half())
    with pytest.raises(InputError, match=r"mask\.png has transparent parts"):
        mask_of(folder(tmp_path, mask))


def test_without_one_there_is_none(tmp_path):
    folder(tmp_path, half())
    (tmp_path / "metadata.csv").write_text("file_name,text,mask\ncar.png,a red car,\n")
    assert Folder(str(tmp_path))[0].mask is None


def test_a_file_that_is_not_there_or_no_picture_is_named(tmp_path):
    task = folder(tmp_path, half())
    (tmp_path / "mask.png").write_text("no picture")
    with pytest.raises(InputError, match=r"mask\.png is not a picture"):
        mask_of(task)
    (tmp_path / "mask.png").unlink()
    with pytest.raises(InputError, match=r"mask\.png: no such file"):
        mask_of(task)


@pytest.mark.parametrize(
    ("value", "says"),
    [("../m.png", r"mask '\.\./m\.png' lies outside the folder"), ("[0, 1]", "mask is not a text")],
)
def test_a_name_that_is_none_is_told_with_its_line(tmp_path, value, says):
    folder(tmp_path, half())
    (tmp_path / "metadata.csv").unlink()
    quoted = value if value.startswith("[") else f'"{value}"'
    line = f'{{"file_name": "car.png", "text": "a", "mask": {quoted}}}'
    (tmp_path / "metadata.jsonl").write_text(line)
    with pytest.raises(InputError, match=rf"metadata\.jsonl, line 1, row 1: {says}"):
        len(Folder(str(tmp_path)))


@pytest.mark.parametrize("size", [(64, 32), (48, 96), (33, 32)])
def test_it_is_cropped_like_its_picture(size):
    """A mask whose edge lies where the picture's does."""
    mask = np.zeros(size[::-1], bool)
    mask[: size[1] // 2, : size[0] // 2] = True
    seen = square(Image.fromarray(np.uint8(mask) * 255).convert("RGB"), 32)[..., 0] > 127
    differs = square_mask(mask, 32) != seen
    assert differs.sum() <= 32, "but for one row and one column that the edge goes through"


def test_a_thin_line_does_not_vanish():
    mask = np.zeros((512, 512), bool)
    mask[:, 301] = True
    made = square_mask(mask, 32)
    assert made[:, 301 // 16].all()
    assert made.sum() == 32
