"""``data=folder`` reads both layouts of metadata and names what is wrong."""

import pickle
from pathlib import Path

import pytest
from PIL import Image

from data.folder import Folder
from data.opener import identity_of
from pti.errors import InputError

NFC, NFD = "caf\u00e9", "cafe\u0301"


def folder(tmp_path, name, text):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "car.png")
    (tmp_path / name).write_text(text, encoding="utf-8")
    return Folder(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metadata.jsonl", '{"file_name": "car.png", "text": "ein Auto, grün"}\n\n'),
        ("metadata.csv", 'file_name,text,target\ncar.png,"ein Auto, grün",\n'),
    ],
)
def test_both_layouts_give_the_same_task(tmp_path, name, text):
    (task,) = folder(tmp_path, name, text)
    assert (task.key, task.caption, task.target) == ("car.png", "ein Auto, grün", None)
    assert task.open().getpixel((0, 0)) == (255, 0, 0)


def test_the_target_is_read(tmp_path):
    line = '{"file_name": "car.png", "text": "a red car", "target": "a blue car"}'
    assert folder(tmp_path, "metadata.jsonl", line)[0].target == "a blue car"


def test_pictures_in_subfolders_keep_apart(tmp_path):
    lines = '{"file_name": "a/x.png", "text": "x"}\n{"file_name": "b/x.png", "text": "x"}'
    assert [task.key for task in folder(tmp_path, "metadata.jsonl", lines)] == [
        "a__x.png",
        "b__x.png",
    ]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("other.txt", "", "neither metadata.jsonl nor metadata.csv"),
        ("metadata.jsonl", "\n", "metadata.jsonl lists no picture"),
        ("metadata.csv", "file_name,text\n", "metadata.csv lists no picture"),
    ],
)
def test_a_folder_without_rows_is_named(tmp_path, name, text, says):
    with pytest.raises(InputError, match=says):
        len(folder(tmp_path, name, text))


def test_two_files_of_metadata_are_not_chosen_from(tmp_path):
    folder(tmp_path, "metadata.csv", "file_name,text\ncar.png,new\n")
    with pytest.raises(InputError, match=r"metadata\.jsonl and metadata\.csv are both there"):
        len(folder(tmp_path, "metadata.jsonl", '{"file_name": "car.png", "text": "old"}'))


def test_the_words_of_an_edit_reach_the_task(tmp_path):
    row = '{"file_name": "car.png", "text": "a car", "target": "a blue car", "words": ["blue"]}'
    assert folder(tmp_path, "metadata.jsonl", row)[0].edited_words() == ("blue",)


def test_the_type_of_an_edit_is_a_tag(tmp_path):
    text = "file_name,text,type\ncar.png,a,change colour\ncar2.png,b,\n"
    assert [task.tags for task in folder(tmp_path, "metadata.csv", text)] == [
        ("change colour",),
        (),
    ]


def test_the_mask_is_the_region_too(tmp_path):
    text = "file_name,text,mask\ncar.png,a,m.png\ncar2.png,b,\n"
    region, none = (task.region for task in folder(tmp_path, "metadata.csv", text))
    assert region
    assert none is None
    Image.new("L", (8, 8), 200).save(tmp_path / "m.png")
    assert region().getextrema() == ((255, 255),) * 3
    before = identity_of(region)
    assert before == identity_of(pickle.loads(pickle.dumps(region)))  # noqa: S301 (ours)
    Image.new("L", (4, 8), 200).save(tmp_path / "m.png")
    assert identity_of(region) != before
    with pytest.raises(InputError, match=r"the mask of car\.png has 4 by 8 pixels"):
        region()


def test_pictures_may_be_links_out_of_the_folder(tmp_path):
    """As in Hugging Face's cache: snapshots/abc/0.png points to ../../blobs/b0."""
    (tmp_path / "blobs").mkdir()
    Image.new("RGB", (8, 8), "red").save(tmp_path / "blobs" / "b0", format="PNG")
    (tmp_path / "blobs" / "meta").write_text("file_name,text\n0.png,a red car\n")
    snapshot = tmp_path / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    for name, blob in (("0.png", "b0"), ("metadata.csv", "meta")):
        (snapshot / name).symlink_to(Path("../../blobs") / blob)
    (task,) = Folder(str(snapshot))
    assert task.open().getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize(("there", "said"), [(NFD, NFC), (NFC, NFD), (NFC, NFC)])
def test_a_name_is_found_in_either_normal_form(tmp_path, there, said):
    path = tmp_path / there / f"{there}.png"
    path.parent.mkdir()
    Image.new("RGB", (8, 8), "red").save(path)
    (task,) = folder(tmp_path, "metadata.csv", f"file_name,text\n{said}/{said}.png,a\n")
    assert task.open().getpixel((0, 0)) == (255, 0, 0)
    assert task.key == f"{NFC}__{NFC}.png"


def test_names_of_one_look_are_not_chosen_from(tmp_path):
    one, other, third = "\u1e69.png", "s\u0323\u0307.png", "\u1e63\u0307.png"
    for name in (one, other):
        (tmp_path / name).write_bytes(b"")
    (task,) = folder(tmp_path, "metadata.csv", f"file_name,text\n{third},a\n")
    with pytest.raises(InputError, match=r"2 files of .* have this name"):
        task.open()


@pytest.mark.parametrize("name", ["gone.png", "gone/0.png", "car.png/0.png", "x" * 300, "é" * 200])
def test_a_picture_that_is_not_there_is_named(tmp_path, name):
    (task,) = folder(tmp_path, "metadata.csv", f"file_name,text\n{name},a\n")
    with pytest.raises(InputError, match="no such file"):
        task.open()


def test_files_that_share_a_key_are_named(tmp_path):
    with pytest.raises(InputError, match=r"lists a/x\.png and a__x\.png, whose"):
        len(folder(tmp_path, "metadata.csv", "file_name,text\na/x.png,a\na__x.png,b\n"))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        len(Folder(str(tmp_path / "none")))
