"""``data=pie_bench`` reads PIE-Bench as its authors do, and names what is wrong with a file."""

import hashlib
import json
import pickle
from dataclasses import fields, replace

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from PIL import Image

from data.doctor import examine
from data.opener import identity_of
from data.pie_bench import PieBench
from data.pie_item import TYPES, strip_brackets
from data.rle import decode, with_border
from experiments.jobs.schema import CONFIGS, register
from pti.errors import InputError

ID = "111000000000"
PATH = f"1_change_object_80/1_artificial/1_animal/{ID}.jpg"
ITEM = {
    "image_path": PATH,
    "original_prompt": "a [cat] on grass",
    "editing_prompt": "a [big dog] on grass",
    "editing_instruction": "Make it a dog",
    "editing_type_id": "1",
    "blended_word": "cat dog",
    "mask": [513, 2],
}


def write(root, *items):
    """A mapping file of ``ITEM`` with changes; None takes a field out."""
    mapping = {}
    for number, changes in enumerate(items or ({},)):
        item = {name: value for name, value in (ITEM | changes).items() if value is not None}
        mapping[f"{number:03d}"] = item
    (root / "mapping_file.json").write_text(json.dumps(mapping), encoding="utf-8")
    return PieBench(str(root))


def task(root, **changes):
    (only,) = write(root, changes)
    return only


def said(one):
    """All but the opener of the picture, which compares by identity."""
    return replace(one, open=print)


def pixels(opener):
    return np.asarray(opener().convert("L")) > 127


def test_every_item_is_as_its_file_has_it(pie_bench):
    mapping = json.loads((pie_bench / "mapping_file.json").read_text())
    tasks = PieBench(str(pie_bench))
    assert len(tasks) == len(mapping) == 10
    for one, item in zip(tasks, mapping.values(), strict=True):
        assert one.key == item["image_path"].removesuffix(".jpg").replace("/", "__")
        assert one.caption == strip_brackets(item["original_prompt"])
        assert one.target == strip_brackets(item["editing_prompt"])
        assert one.tags[0] == f"{item['editing_type_id']} {TYPES[item['editing_type_id']][0]}"
        assert np.array_equal(pixels(one.mask), decode(item["mask"], 512, "a"))
        assert np.array_equal(pixels(one.region), with_border(pixels(one.mask)))
    assert tasks[0].tags == ("0 random",)
    assert tasks[1].tags == ("1 change object", "natural", "human")
    assert pixels(tasks[9].mask).all()
    assert tasks[1].open().size == (512, 512)


def test_the_border_is_in_the_region_alone(tmp_path):
    one = task(tmp_path)
    assert pixels(one.mask).sum() == 2
    assert pixels(one.region).sum() == 4 * 511 + 2


def test_an_item_is_known_without_drawing_it_and_goes_to_workers(pie_bench):
    one = pickle.loads(pickle.dumps(PieBench(str(pie_bench))[1]))  # noqa: S301 (our own)
    content = (pie_bench / "annotation_images" / f"{one.key.replace('__', '/')}.jpg").read_bytes()
    assert identity_of(one.open) == hashlib.sha256(content).hexdigest()
    same = PieBench(str(pie_bench))[1].mask
    assert same
    assert identity_of(one.mask) == identity_of(same)
    assert len({identity_of(opener) for opener in (one.open, one.mask, one.region)}) == 3


@pytest.mark.parametrize(
    ("changes", "new", "old"),
    [
        ({}, ("dog",), ("cat",)),
        ({"blended_word": ""}, ("big dog",), ("cat",)),
        ({"blended_word": "Cat dog rest"}, ("dog",), ("Cat",)),
        ({"blended_word": "tiger wolf"}, ("big dog",), ("cat",)),
        ({"blended_word": "tiger dog"}, ("big dog",), ("cat",)),
        ({"blended_word": "cat do"}, ("big dog",), ("cat",)),
        ({"blended_word": "", "editing_prompt": "a dog on grass"}, ("dog",), ("cat",)),
        ({"blended_word": "", "original_prompt": "a cat on grass"}, ("big dog",), ("cat",)),
        ({"blended_word": "", "editing_prompt": "a [ dog ] on [snow] []"}, ("dog", "snow"), None),
        ({"blended_word": "", "editing_prompt": "a [dog on [snow"}, ("dog", "snow"), None),
        ({"blended_word": "", "editing_prompt": "a cat with hat[s]"}, ("with", "hats"), None),
        ({"blended_word": "", "editing_prompt": "[a] cat"}, ("a",), None),
        ({"blended_word": "", "original_prompt": "cat", "editing_prompt": "cat"}, ("cat",), ()),
    ],
)
def test_the_words_of_an_edit_occur_in_their_prompt(tmp_path, changes, new, old):
    one = task(tmp_path, **changes)
    assert one.edited_words() == new
    assert old is None or one.replaced_words() == old


def test_a_blank_prompt_is_none(tmp_path):
    one = task(tmp_path, original_prompt="[ ]", editing_prompt="", blended_word="")
    assert (one.caption, one.target, one.words, one.old_words) == (None, None, (), ())


@pytest.mark.parametrize("types", ["1,6", "6, 1", [1, 6], ["1", "6"], (1, 6)])
def test_types_select_items_and_leave_them_alone(pie_bench, types):
    some, whole = PieBench(str(pie_bench), types), PieBench(str(pie_bench))
    assert [said(one) for one in some] == [said(whole[1]), said(whole[6])]


def test_one_type_or_none(pie_bench):
    assert [one.tags[0] for one in PieBench(str(pie_bench), 0)] == ["0 random"]
    assert len(PieBench(str(pie_bench), "9")) == 1
    assert len(PieBench(str(pie_bench), [])) == 10


@pytest.mark.parametrize("types", ["11", "x", [1, "x"], -1, 1.5, "1.6"])
def test_a_type_that_there_is_not_is_named(types):
    with pytest.raises(InputError, match=r"data\.types has '.*not a type.*0 random, 1 change obj"):
        PieBench("nowhere", types)


@pytest.mark.parametrize("types", ["1,,6", ",6", "1,", "1, ,6", " "])
def test_a_number_that_is_missing_between_commas_is_told(types):
    with pytest.raises(InputError, match=f"^data.types={types}: a number is missing between two"):
        PieBench("nowhere", types)


def test_types_that_the_file_lacks_are_named(tmp_path):
    write(tmp_path)
    with pytest.raises(InputError, match=r"data\.types=6: .*json has no item of 6 .*, but of 1 ch"):
        len(PieBench(str(tmp_path), "1,6"))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"editing_type_id": None, "mask": None}, "item 000, lacks editing_type_id, mask: give"),
        ({"image_path": "../a.jpg"}, r"item 000: image_path '\.\./a\.jpg' lies outside"),
        ({"image_path": "/a.jpg"}, r"item 000: image_path '/a\.jpg' lies outside"),
        ({"image_path": "...jpg"}, r"item 000: image_path '\.\.' lies outside"),
        ({"image_path": ""}, "item 000: image_path is empty .''.: name the file"),
        ({"image_path": "."}, r"item 000: image_path is empty .'\.'.: name"),
        ({"image_path": "./"}, r"item 000: image_path is empty .'\./'.: name"),
        ({"image_path": "..jpg"}, r"item 000: image_path is empty .'\.'.: name"),
        ({"image_path": "a\n.jpg"}, "item 000: image_path .* has a control character"),
        ({"image_path": 3}, "item 000: image_path is not a text but 3"),
        ({"original_prompt": ["a"]}, "item 000: original_prompt is not a text"),
        ({"editing_prompt": 5}, "item 000: editing_prompt is not a text but 5"),
        ({"editing_prompt": "\ud800"}, "item 000: editing_prompt has '.ud800'"),
        ({"editing_type_id": "10"}, "item 000: editing_type_id is '10'"),
        ({"editing_type_id": "x"}, "item 000: editing_type_id is 'x'"),
        ({"blended_word": "cat"}, "item 000: blended_word is 'cat', where it has two words"),
        ({"blended_word": ["cat", "dog"]}, "item 000: blended_word is not a text"),
        ({"mask": "1 2"}, "item 000: mask is not a list of runs but '1 2'"),
    ],
)
def test_a_wrong_field_is_named(tmp_path, changes, says):
    with pytest.raises(InputError, match=rf"mapping_file\.json, {says}"):
        len(write(tmp_path, changes))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<html>", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "does not hold items by their ids"),
        ("{}", "does not hold items by their ids"),
        ('{"000": "a.jpg"}', "item 000, lacks image_path, original_prompt, editing_prompt"),
    ],
)
def test_a_file_that_is_not_a_mapping_is_named(tmp_path, text, says):
    (tmp_path / "mapping_file.json").write_text(text)
    with pytest.raises(InputError, match=rf"mapping_file\.json.* {says}"):
        len(PieBench(str(tmp_path)))


def test_a_missing_mapping_file_says_where_it_comes_from(tmp_path):
    with pytest.raises(InputError, match=r"mapping_file\.json can't be found: .*by the form in"):
        len(PieBench(str(tmp_path)))


@pytest.mark.parametrize("other", [PATH, PATH.replace("/1_animal/", "__1_animal/"), PATH + ".png"])
def test_items_that_share_a_key_are_named(tmp_path, other):
    tasks = write(tmp_path, {}, {"image_path": other})
    if other.endswith(".png"):
        assert len(tasks) == 2
        return
    with pytest.raises(InputError, match=r"mapping_file\.json lists .*1_change_object_80"):
        len(tasks)


def test_a_picture_of_another_size_is_named(tmp_path):
    one = task(tmp_path)
    path = tmp_path / "annotation_images" / PATH
    with pytest.raises(InputError, match=f"{ID}.jpg: no such file"):
        one.open()
    path.parent.mkdir(parents=True)
    Image.new("RGB", (64, 32)).save(path)
    with pytest.raises(InputError, match=f"{ID}.jpg has 64 by 32 pixels, but .* have 512 by 512"):
        one.open()


def test_a_damaged_mask_fails_its_item_alone(tmp_path):
    tasks = write(tmp_path, {"mask": [1]}, {"image_path": "1_change_object_80/b.jpg"})
    for opener in (tasks[0].mask, tasks[0].region):
        with pytest.raises(InputError, match=r"mapping_file\.json, item 000: mask has 1 numbers"):
            pixels(opener)
    assert tasks[1].tags == ("1 change object",)
    assert pixels(tasks[1].mask).sum() == 2


def test_the_doctor_counts_types_and_masks(pie_bench):
    tasks = PieBench(str(pie_bench))
    found, _ = examine(tasks)
    assert found[2:4] == ["0 random: 1 of 140", "1 change object: 1 of 80"]
    assert found[-3] == "masks that leave no background: 1 of 10"
    words = 2 * sum(map(bool, (item.blended for item in tasks.items)))
    assert found[-2] == f"blended words that are not in their prompts: 0 of {words}"
    assert found[-1] == f"prompts: strip_brackets, digest: {tasks.digest()}"
    some = PieBench(str(pie_bench), [6]).examined()
    assert some[0][:2] == ["6 change colour: 1 of 40", "masks that leave no background: 0 of 1"]
    file = pie_bench / "mapping_file.json"
    assert some[1] == [f"6 change colour: 1 of 40 items are in {file}: get it again"]


def test_the_doctor_counts_words_that_their_prompts_lack(tmp_path):
    words = ("", "cat dog", "tiger dog", "cat wolf", "tiger wolf")
    items = [{"blended_word": pair, "image_path": f"a/{n}.jpg"} for n, pair in enumerate(words)]
    found, _ = write(tmp_path, *items).examined()
    assert "blended words that are not in their prompts: 4 of 8" in found


def whole():
    """As many items as there are of each type, without words and with masks that are not drawn."""
    quick = {"mask": [1], "blended_word": "", "original_prompt": "a", "editing_prompt": "b"}
    kinds = [kind for kind, (_, count) in TYPES.items() for _ in range(count)]
    return [
        {"editing_type_id": kind, "image_path": f"{kind}/{n}.jpg"} | quick
        for n, kind in enumerate(kinds)
    ]


def test_the_doctor_takes_the_whole_benchmark_alone(tmp_path):
    items = whole()
    assert len(items) == 700
    assert write(tmp_path, *items).examined()[1] == []
    without = [item for item in items if item["editing_type_id"] != "9"]
    more = {"editing_type_id": "4", "image_path": "more.jpg"}
    file = tmp_path / "mapping_file.json"
    assert write(tmp_path, *without[1:], more).examined()[1] == [
        f"0 random: 139 of 140 items are in {file}: get it again",
        f"4 change content: 41 of 40 items are in {file}: get it again",
        f"9 change style: 0 of 80 items are in {file}: get it again",
    ]
    assert PieBench(str(tmp_path), "1,2").examined()[1] == []


def test_the_digest_can_be_checked_by_hand(tmp_path):
    tasks = write(tmp_path)
    key = PATH.removesuffix(".jpg").replace("/", "__")
    text = f'[["{key}","a cat on grass","a big dog on grass"]]'
    assert tasks.digest() == hashlib.sha256(text.encode()).hexdigest()


def test_the_configuration_shows_every_field_and_its_default():
    register()
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        config = compose("run", ["data=pie_bench", "data.root=there"]).data
        some = compose("run", ["data=pie_bench", "data.root=there", "data.types=[1,6]"]).data
    assert instantiate(config.tasks) == PieBench("there")
    assert list(instantiate(some.tasks).types) == [1, 6]
    assert {field.name for field in fields(PieBench)} == set(config.tasks) - {"_target_"}
