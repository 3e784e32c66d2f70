"""``data=pie_bench_pp`` reads PIE-Bench++'s parquet files, and names what is wrong with one."""

import json
import pickle
from dataclasses import fields, replace
from hashlib import sha256
from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from PIL import Image

from data import pie_bench_pp as module
from data.doctor import examine
from data.opener import identity_of
from data.pie_bench import PieBench
from data.pie_bench_pp import PieBenchPp
from experiments.jobs.schema import CONFIGS, register
from pti.errors import InputError

FOLDER, NAME = "1_change_object_80", "V1-00000-of-00001.parquet"
ROW = {
    "id": "111000000000",
    "source_prompt": "a [cat] on [grass]",
    "target_prompt": "a [dog] on [snow]",
    "edit_action": "{}",
    "aspect_mapping": "{}",
    "blended_words": '["cat,dog", "grass,snow"]',
    "mask": "513 2",
    "image": {"bytes": b"", "path": "a.jpg"},
}


def write(root, *rows, folder=FOLDER):
    """A parquet file of ``ROW`` with changes; None takes a column out."""
    full = [ROW | changes for changes in rows or ({},)]
    table = [{name: value for name, value in row.items() if value is not None} for row in full]
    (root / folder).mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(table), root / folder / NAME)
    return PieBenchPp(str(root))


def jpeg(*size):
    buffer = BytesIO()
    Image.new("RGB", size, "red").save(buffer, format="JPEG")
    return buffer.getvalue()


def said(one, key):
    """What both benchmarks say of an item, without names of files."""
    masks = {name: replace(getattr(one, name), where="") for name in ("mask", "region")}
    return replace(one, open=print, key=key, **masks)


def test_the_same_items_are_the_same_in_both_benchmarks(pie_bench, pie_bench_pp):
    ours, theirs = PieBenchPp(str(pie_bench_pp)), PieBench(str(pie_bench))
    assert [said(one, "") for one in ours] == [said(one, "") for one in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert identity_of(one.open) == identity_of(other.open)
    assert np.array_equal(np.asarray(ours[3].open()), np.asarray(theirs[3].open()))
    assert ours[0].key == "0_random_140__000000000000"
    assert ours[1].key == "1_change_object_80__122000000000"


def test_all_pairs_are_words(tmp_path):
    (one,) = write(tmp_path)
    assert (one.words, one.old_words) == (("dog", "snow"), ("cat", "grass"))
    assert one.tags == ("1 change object", "artificial", "animal")


@pytest.mark.parametrize(
    ("blended", "new", "old"),
    [
        ('["cat,wolf", "grass,snow"]', ("snow",), ("grass",)),
        ('["tiger,dog"]', ("dog", "snow"), ("cat", "grass")),
        ('["tiger,"]', ("dog", "snow"), ("cat", "grass")),
        ('[" cat , dog "]', ("dog",), ("cat",)),
        ('[","]', ("dog", "snow"), ("cat", "grass")),
        ('["tiger,wolf"]', ("dog", "snow"), ("cat", "grass")),
        ('[",dog"]', ("dog",), ()),
        ('["cat"]', (), ("cat",)),
        ("[]", ("dog", "snow"), ("cat", "grass")),
        ("", ("dog", "snow"), ("cat", "grass")),
    ],
)
def test_pairs_of_which_a_word_does_not_occur_fall_back_to_brackets(tmp_path, blended, new, old):
    (one,) = write(tmp_path, {"blended_words": blended})
    assert (one.words, one.old_words) == (new, old)


@pytest.mark.parametrize("number", ["11", "11100000000x", "191000000000", "211000000000"])
def test_other_ids_say_no_more_than_their_type(tmp_path, number):
    (one,) = write(tmp_path, {"id": number})
    assert one.tags == ("1 change object",)


def test_types_select_items(pie_bench_pp):
    whole = PieBenchPp(str(pie_bench_pp))
    assert list(PieBenchPp(str(pie_bench_pp), "1,6")) == [whole[1], whole[6]]
    with pytest.raises(InputError, match=r"data\.types has '11', which is not a type"):
        PieBenchPp(str(pie_bench_pp), 11)


def test_a_type_that_is_absent_is_a_problem_or_an_error_where_it_is_asked_for(tmp_path):
    tasks = write(tmp_path)
    assert len(tasks.examined()[1]) == 10
    assert f"6 change colour: 0 of 40 items are in {tmp_path}: get it again" in tasks.examined()[1]
    with pytest.raises(InputError, match=r"data\.types=6: .* has no item of 6 change colour"):
        len(PieBenchPp(str(tmp_path), 6))


def test_the_doctor_finds_all(pie_bench_pp):
    found, wrong = examine(PieBenchPp(str(pie_bench_pp)))
    assert len(wrong) == 10
    assert all(f" items are in {pie_bench_pp}: get it again" in line for line in wrong)
    assert "masks that leave no background: 1 of 10" in found


def test_the_pictures_of_one_file_are_kept_and_read_anew_where_it_changed(tmp_path, monkeypatch):
    read, table = [], module._table
    monkeypatch.setattr(module, "_table", lambda *about: read.append(about) or table(*about))
    rows = [{"id": name, "image": {"bytes": jpeg(512, 512), "path": ""}} for name in ("a", "b")]
    (first, second) = pickle.loads(pickle.dumps(list(write(tmp_path, *rows))))  # noqa: S301 (ours)
    read.clear()
    assert first.open().size == second.open().size
    assert identity_of(first.open) == identity_of(second.open) == sha256(jpeg(512, 512)).hexdigest()
    assert len(read) == 1
    write(tmp_path, *[row | {"image": {"bytes": b"other", "path": ""}} for row in rows])
    assert identity_of(first.open) == sha256(b"other").hexdigest()


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ({"bytes": jpeg(8, 9), "path": ""}, "has 8 by 9 pixels, but"),
        ({"bytes": b"<html>", "path": ""}, "is not a picture that can be read"),
        ({"bytes": jpeg(512, 512)[:3000], "path": ""}, "is damaged"),
        ({"bytes": b"", "path": ""}, "has no bytes of a picture: delete it, and python -m data.f"),
        ({"bytes": None, "path": "a.jpg"}, "has no bytes of a picture"),
        (b"...", "has no bytes of a picture"),
    ],
)
def test_a_picture_that_can_not_be_used_is_named(tmp_path, image, says):
    (one,) = write(tmp_path, {"image": image})
    with pytest.raises(InputError, match=f"{NAME}, id 111000000000 {says}"):
        one.open()


@pytest.mark.parametrize("mask", ["1", "1 x", "1 -2", "1.5 2", "300000 1", f"1 {'9' * 30}"])
def test_a_damaged_mask_fails_its_item_alone(tmp_path, mask):
    (one,) = write(tmp_path, {"mask": mask})
    assert one.mask
    with pytest.raises(InputError, match=f"{NAME}, id 111000000000: mask has .*: write pairs"):
        one.mask()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"mask": None, "image": None}, "has no column mask, image, as PIE-Bench"),
        ({"id": 3}, ", row 1: id is not a text but 3"),
        ({"id": ""}, ", row 1: id is empty .''.: delete it, and python -m data.fetch"),
        ({"id": "a\n"}, r", row 1: id 'a\\n' has a control character: delete it, and"),
        ({"id": "../a"}, r", row 1: id '\.\./a' lies outside the folder: delete it, and"),
        ({"target_prompt": 3}, ", id 111000000000: target_prompt is not a text but 3"),
        ({"mask": [1, 2]}, ", id 111000000000: mask is not a text"),
        (
            {"blended_words": "cat,dog"},
            ", id 111000000000: blended_words is not JSON but 'cat,dog'",
        ),
        ({"blended_words": "[1]"}, ", id 111000000000: blended_words is not a list of texts"),
        ({"blended_words": '{"a": 1}'}, ", id 111000000000: blended_words is not a list of texts"),
    ],
)
def test_a_wrong_column_is_named(tmp_path, changes, says):
    with pytest.raises(InputError, match=f"{FOLDER}/{NAME}{'' if says[0] == ',' else ' '}{says}"):
        len(write(tmp_path, changes))


def test_a_file_that_can_not_be_read_is_named(tmp_path):
    tasks = write(tmp_path)
    (tmp_path / FOLDER / NAME).write_text("version https://example.org/spec/v1")
    with pytest.raises(
        InputError, match=f"{NAME} can't be read as parquet .*: delete it, and pyth"
    ):
        len(tasks)


def test_a_file_that_went_is_named(tmp_path):
    (one,) = write(tmp_path)
    (tmp_path / FOLDER / NAME).unlink()
    for act in (one.open, lambda: identity_of(one.open)):
        with pytest.raises(InputError, match=f"{NAME} can't be read"):
            act()


def test_two_items_of_one_id_are_named(tmp_path):
    with pytest.raises(InputError, match=f"lists {FOLDER}/111000000000 twice"):
        len(write(tmp_path, {}, {}))


def test_a_folder_without_files_says_how_to_get_them(tmp_path):
    with pytest.raises(
        InputError, match=r"no parquet files .*: python -m data\.fetch pie_bench_pp"
    ):
        len(PieBenchPp(str(tmp_path)))


def test_the_configuration_shows_every_field_and_its_default():
    register()
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        config = compose("run", ["data=pie_bench_pp", "data.root=there"]).data
    assert instantiate(config.tasks) == PieBenchPp("there")
    assert {field.name for field in fields(PieBenchPp)} == set(config.tasks) - {"_target_"}
    assert json.dumps(config.tasks.types) == "null"
