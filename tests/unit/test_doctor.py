"""``data.doctor`` counts what is there, and names what is not."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from data import doctor
from data.coco import Coco
from data.command_line import for_people
from data.config import names
from data.imagenet_flexit import read_queries
from data.task import Task
from pti.errors import InputError


@pytest.fixture
def run(monkeypatch, capsys):
    def command(*words):
        monkeypatch.setattr(sys, "argv", ["doctor.py", *words])
        with pytest.raises(SystemExit) as stop:
            for_people(doctor.main, doctor.__doc__ or "")
        captured = capsys.readouterr()
        errors = [line for line in captured.err.splitlines() if line.startswith("error: ")]
        return stop.value.code, [*captured.out.splitlines(), *errors]

    return command


def save(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (2, 2)).save(path, format="PNG")


@pytest.fixture
def imagenet(tmp_path):
    for query in read_queries():
        save(tmp_path / "val" / query.path)
    return tmp_path


@pytest.fixture
def coco(tmp_path):
    names = [f"{number}.jpg" for number in range(8)]
    content = {
        "images": [{"id": n, "file_name": name} for n, name in enumerate(names)],
        "annotations": [{"id": n, "image_id": n, "caption": "a"} for n in range(8)],
    }
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "captions_val2017.json").write_text(json.dumps(content))
    for name in names:
        save(tmp_path / name)
    return tmp_path


def test_all_of_imagenet(imagenet, run):
    for query in read_queries():
        save(imagenet / "train" / Path(query.path).parent / "a.JPEG")
    save(imagenet / "train" / "n02088364" / "b.JPEG")
    words = ("data=imagenet_flexit", f"data.root={imagenet}", f"data.train={imagenet / 'train'}")
    assert run(*words) == (
        0,
        [
            "imagenet_flexit: 1092 items",
            "captions: 1092",
            "edits: 1092",
            "classes: 273",
            "train pictures a class: 1..2",
            "everything is there",
        ],
    )


def test_parts_of_imagenet(imagenet, run):
    gone = next(query for query in read_queries() if query.split == "dev")
    (imagenet / "val" / gone.path).unlink()
    words = ("data=imagenet_flexit", f"root={imagenet}", "data.tasks.split=dev", "train=nowhere")
    code, lines = run(*words)
    assert code == 1
    assert "train pictures a class: 0..0" in lines
    assert f"missing or damaged: {1 + 273}" in lines
    assert any(f"{gone.path}: no such file" in line for line in lines)
    assert lines[-1] == f"and {1 + 273 - 5} more"


def test_coco(coco, run):
    code, lines = run("data=coco", f"data.root={coco}", "data.count=8")
    assert code == 0
    assert lines[:3] == ["coco: 8 items", "captions: 8", "edits: 0"]
    assert f"digest: {Coco(str(coco), count=8).digest()}" in lines
    (coco / "3.jpg").unlink()
    (coco / "4.jpg").write_bytes(b"")
    code, lines = run("data=coco", f"data.root={coco}", "data.count=8")
    assert code == 1
    assert "missing or damaged: 2" in lines
    assert any("3.jpg is missing: python -m data.fetch coco" in line for line in lines)
    assert any("4.jpg is empty" in line for line in lines)


def test_a_folder(tmp_path, run):
    save(tmp_path / "a.png")
    save(tmp_path / "c.png")
    rows = ["file_name,text,target", "a.png,a cat,a dog", "b.png,a cat,", "c.png,,"]
    (tmp_path / "metadata.csv").write_text("\n".join(rows))
    code, lines = run("data=folder", f"data.path={tmp_path}")
    assert code == 1
    assert lines[:4] == ["folder: 3 items", "captions: 2", "edits: 1", "missing or damaged: 2"]
    assert "b.png: no such file" in lines[4]
    assert "c.png has no caption" in lines[5]


def test_a_part_of_pie_bench(pie_bench, run):
    code, lines = run("data=pie_bench", f"data.root={pie_bench}", "data.types=1,7")
    file = pie_bench / "mapping_file.json"
    assert code == 1
    assert lines[0] == "pie_bench: 2 items"
    assert lines[-3:] == [
        "missing or damaged: 2",
        f"1 change object: 1 of 80 items are in {file}: get it again",
        f"7 change material: 1 of 40 items are in {file}: get it again",
    ]


@pytest.mark.parametrize("text", ["0.png,a, b, c", "0.png,a\n0.png,b", '0.png,"a', "../0.png,a"])
def test_metadata_that_a_run_would_refuse_are_named(tmp_path, run, text):
    (tmp_path / "metadata.csv").write_text(f"file_name,text\n{text}\n")
    code, (sentence,) = run("data=folder", f"data.path={tmp_path}")
    assert code == 2
    assert sentence.startswith(f"error: {tmp_path / 'metadata.csv'}")


@pytest.mark.parametrize("field", ["open", "counterfactual", "retrieved", "mask"])
def test_all_that_a_run_opens_is_opened(field):
    def whole():
        return Image.new("RGB", (2, 2))

    def damaged():
        raise InputError("x.png is damaged")

    task = replace(Task("x", "a cat", open=whole), **{field: damaged})
    assert doctor.examine([task])[1] == ["x.png is damaged"]


@pytest.mark.parametrize("words", [("data=scenes", "data.size=2"), ("data=photos",)])
def test_what_needs_no_files_is_there(run, words):
    code, lines = run(*words)
    assert code == 0
    assert lines[-1] == "everything is there"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "say which data set to look at"),
        (("data=imagenet",), "data=imagenet is unknown. Did you mean 'imagenet_flexit'?"),
        (("data=coco",), "root is not set: add root=... to the command"),
        (("data=coco", "data.rot=x"), "there is no option 'rot'. Did you mean 'root'?"),
        (("data=photos", "root=x"), "there is no option 'root'. There are: none"),
        (("data=imagenet_flexit", "root=x"), "root=x holds no picture of FlexIT's queries"),
        (("data=imagenet_flexit", "root=x", "split=val"), "split='val': choose dev or test"),
        (("data=folder", "path=nowhere"), "data.path=nowhere is no folder"),
    ],
)
def test_a_wrong_command_is_one_sentence(run, words, says):
    code, lines = run(*words)
    assert code == 2
    assert len(lines) == 1
    assert says in lines[0]


@pytest.mark.parametrize("name", names())
def test_every_configured_data_set_is_known(name, run):
    few = ["size=2"] if name.startswith("scenes") else []
    code, lines = run(f"data={name}", *few)
    changed = {"scenes_change", "scenes_change_dev", "scenes_edit", "scenes_edit_dev"}
    there = {"photos", "scenes", "scenes_dev", *changed}
    assert code == (0 if name in there else 2), lines
    if name not in there:
        assert "is not set: add" in lines[0]


def test_help(run):
    code, lines = run("--help")
    assert code == 0
    assert "    python -m data.doctor data=coco data.root=DIR" in lines
