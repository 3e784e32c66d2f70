"""``data=coco`` draws the same pictures and captions for ever, and names what is wrong."""

import hashlib
import json
from dataclasses import fields
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from PIL import Image

from data.coco import Coco
from experiments.jobs.schema import CONFIGS, register
from pti.errors import InputError

IDS = [391895, 7, 19, 4, 400]
"""No order, as in COCO's file."""


def name(number):
    return f"{number:012d}.jpg"


def annotations():
    """Three captions a picture: the first by id stands last, and has COCO's stray spaces."""
    captions = [
        {"id": 10 * number + place, "image_id": number, "caption": text}
        for number in IDS
        for place, text in (
            (3, f"{number} two"),
            (2, f"{number} the longest"),
            (1, f"{number} a \n"),
        )
    ]
    images = [
        {"id": number, "file_name": name(number), "coco_url": f"http://localhost/{name(number)}"}
        for number in [*IDS, 99]
    ]
    return {"images": images, "annotations": captions}


@pytest.fixture
def root(tmp_path):
    return write(tmp_path)


def write(root, year="val2017", content=None):
    (root / "annotations").mkdir(exist_ok=True)
    text = json.dumps(annotations() if content is None else content)
    (root / "annotations" / f"captions_{year}.json").write_text(text)
    return root


def save(path, colour="red"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (2, 2), colour).save(path, format="PNG")


def drawn(tasks):
    return [int(task.key) for task in tasks]


def test_a_draw_follows_from_its_seed_alone(root, tmp_path_factory):
    whole = drawn(Coco(str(root), count=5))
    assert sorted(whole) == sorted(IDS)
    assert drawn(Coco(str(root), count=3)) == whole[:3]
    content = annotations()
    content["images"].reverse()
    content["annotations"].reverse()
    other = write(tmp_path_factory.mktemp("other"), content=content)
    assert Coco(str(other), count=5).chosen() == Coco(str(root), count=5).chosen()
    assert len({tuple(drawn(Coco(str(root), count=5, seed=seed))) for seed in range(10)}) > 5


def test_the_draw_is_the_one_that_was_published(root):
    """Stored: a different one would change every number made on COCO."""
    assert drawn(Coco(str(root), count=5)) == [19, 7, 4, 391895, 400]


def test_pictures_are_drawn_alike(tmp_path):
    draws = [drawn(Coco(str(write(tmp_path)), count=1, seed=seed))[0] for seed in range(500)]
    assert set(draws) == set(IDS)
    assert all(60 < draws.count(number) < 140 for number in IDS)  # 100 each; sd 9


@pytest.mark.parametrize(("caption", "ends"), [("first", " a"), ("longest", " the longest")])
def test_which_caption(root, caption, ends):
    for task in Coco(str(root), count=5, caption=caption):
        assert task.caption == f"{int(task.key)}{ends}"


def test_a_random_caption_is_the_pictures_own_and_does_not_hang_on_the_draw(root):
    few = Coco(str(root), count=2, caption="random").chosen()
    assert Coco(str(root), count=5, caption="random").chosen()[:2] == few
    texts = {
        row["caption"]
        for seed in range(20)
        for row in Coco(str(root), count=5, seed=seed, caption="random").chosen()
    }
    known = {f"{number} {end}" for number in IDS for end in ("a", "two", "the longest")}
    assert texts == known


def test_chosen_and_its_digest_can_be_checked_by_hand(root):
    tasks = Coco(str(root), count=1)
    url = "http://localhost/000000000019.jpg"
    row = {"caption": "19 a", "file_name": "000000000019.jpg", "id": 19, "url": url}
    assert tasks.chosen() == [row]
    text = '[{"caption":"19 a","file_name":"000000000019.jpg","id":19,"url":"' + url + '"}]'
    assert tasks.digest() == hashlib.sha256(text.encode()).hexdigest()
    assert Coco(str(root), count=1, caption="longest").digest() != tasks.digest()


@pytest.mark.parametrize(
    ("year", "folder"), [("val2017", "val2017"), ("val2014", "val2014"), ("val2017", ".")]
)
def test_pictures_are_found_beside_or_below(tmp_path, year, folder):
    tasks = Coco(str(write(tmp_path, year)), count=2)
    save(tmp_path / folder / f"{tasks[1].key}.jpg")
    assert tasks[1].open().getpixel((0, 0)) == (255, 0, 0)
    assert tasks.missing() == [str(tmp_path / year / f"{tasks[0].key}.jpg")]
    with pytest.raises(InputError, match=f"{tasks[0].key}.jpg is missing: python -m data.fetch c"):
        tasks[0].open()


def test_annotations_may_lie_elsewhere(tmp_path):
    elsewhere = write(tmp_path) / "annotations" / "captions_val2017.json"
    tasks = Coco("nowhere", count=5, annotations=str(elsewhere))
    assert len(tasks) == 5
    with pytest.raises(InputError, match="root=nowhere count=5 seed=0 annotations="):
        tasks[0].open()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([], "is no captions file"),
        (
            {"images": [], "annotations": [{"id": 1, "image_id": 1, "bbox": []}]},
            "KeyError.'caption",
        ),
        ({"images": [{"id": 1, "file_name": "../a.jpg"}], "annotations": []}, "no bare name"),
        ({"images": [], "annotations": []}, "count=128: .* has 0 pictures"),
    ],
)
def test_a_wrong_captions_file_is_named(tmp_path, content, says):
    tasks = Coco(str(write(tmp_path, content=content)))
    with pytest.raises(InputError, match=says) as error:
        len(tasks)
    assert "captions_val2017.json" in str(error.value)


@pytest.mark.parametrize("caption", ["first", "longest", "random"])
def test_empty_captions_are_left_out(root, tmp_path_factory, caption):
    content = annotations()
    content["annotations"] += [
        {"id": number, "image_id": number, "caption": " \n"} for number in [*IDS, 99]
    ]
    other = write(tmp_path_factory.mktemp("other"), content=content)
    wanted = Coco(str(root), count=5, caption=caption).chosen()
    assert Coco(str(other), count=5, caption=caption).chosen() == wanted
    with pytest.raises(InputError, match="has 5 pictures with captions"):
        len(Coco(str(other), count=6))


def test_two_pictures_of_one_key_are_named(tmp_path):
    content = {
        "images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "a.png"}],
        "annotations": [{"id": n, "image_id": n, "caption": "x"} for n in (1, 2)],
    }
    with pytest.raises(InputError, match=r"lists a\.\w+ and a\.\w+, whose .* name, a:"):
        len(Coco(str(write(tmp_path, content=content)), count=2))


def test_a_captions_file_that_is_no_json_is_named(root):
    (root / "annotations" / "captions_val2017.json").write_text("<html>")
    with pytest.raises(InputError, match=r"captions_val2017\.json is no JSON"):
        len(Coco(str(root)))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"count": 6}, "count=6: .* has 5 pictures with captions"),
        ({"count": -1}, "count=-1"),
        ({"caption": "best"}, "choose one of first, longest, random"),
        ({"annotations": "no.json"}, r"no\.json can't be found"),
    ],
)
def test_a_wrong_field_is_named(root, fields, says):
    with pytest.raises(InputError, match=says):
        len(Coco(str(root), **fields))


def test_both_years_are_looked_for(tmp_path):
    with pytest.raises(InputError, match=r"val2017\.json and .*val2014\.json can't be found"):
        len(Coco(str(tmp_path)))


def test_two_years_are_not_chosen_from(tmp_path):
    write(write(tmp_path), "val2014")
    with pytest.raises(InputError, match=r"val2017\.json and .*val2014\.json are both there"):
        len(Coco(str(tmp_path)))
    chosen = tmp_path / "annotations" / "captions_val2014.json"
    assert len(Coco(str(tmp_path), count=5, annotations=str(chosen))) == 5


def test_the_configuration_shows_every_field_and_its_default():
    register()
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        config = compose("run", ["data=coco", f"data.root={Path('there')}"]).data
    assert instantiate(config.tasks) == Coco("there")
    assert {field.name for field in fields(Coco)} == set(config.tasks) - {"_target_"}
