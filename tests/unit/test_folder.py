"""``data=folder`` reads both layouts of metadata and names what is wrong."""

import pytest
from PIL import Image

from data.folder import Folder
from pti.errors import InputError


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
        ("metadata.jsonl", "", "lists no picture"),
        ("metadata.jsonl", '{"text": "x"}', "row 1: file_name is missing"),
        ("metadata.jsonl", "{", "line 1, is no JSON"),
        ("metadata.jsonl", "[1]", "line 1, is no JSON object"),
    ],
)
def test_wrong_metadata_is_named(tmp_path, name, text, says):
    with pytest.raises(InputError, match=says):
        len(folder(tmp_path, name, text))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        len(Folder(str(tmp_path / "none")))
