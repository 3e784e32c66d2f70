"""FlexIT's queries: the manifest's facts, both layouts of ImageNet, retrieved pictures."""

from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from PIL import Image

from data.imagenet_flexit import MANIFEST, ImagenetFlexit
from experiments.jobs.schema import CONFIGS, register
from pti.errors import InputError

ORIGINAL = Path(__file__).parents[2].parent / "shared/data/flexit_queries.csv"
PLACES = ("val", "ILSVRC/Data/CLS-LOC/val", ".")


@pytest.fixture(scope="module")
def manifest():
    table = pd.read_csv(MANIFEST)
    return table.assign(wnid=table["path"].str.split("/").str[0])


def save(path, number):
    """A picture whose colour tells the manifest's row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (1, 1), (number // 256, number % 256, 0)).save(path, format="PNG")


def row_of(picture):
    red, green, _ = picture.getpixel((0, 0))
    return red * 256 + green


@pytest.fixture(scope="module")
def by_wnid(tmp_path_factory, manifest):
    """Every picture that the manifest names."""
    root = tmp_path_factory.mktemp("imagenet")
    for number, path in enumerate(manifest["path"]):
        save(root / "val" / path, number)
    return root


def test_the_manifest_is_what_was_published(manifest):
    assert len(manifest) == 2184
    assert manifest["path"].is_unique
    assert manifest["is_test"].value_counts().to_dict() == {False: 1092, True: 1092}
    wanted = manifest.groupby(["target", "is_test"]).size()
    assert manifest["target"].nunique() == 273
    assert len(wanted) == 2 * 273
    assert set(wanted) == {4}
    assert (manifest.groupby("source")["wnid"].nunique() == 1).all()
    assert (manifest.groupby("wnid")["source"].nunique() == 1).all()
    assert set(manifest["source"]) == set(manifest["target"])


@pytest.mark.skipif(not ORIGINAL.exists(), reason="the original is not beside this checkout")
def test_the_manifest_is_an_unchanged_copy():
    assert MANIFEST.read_bytes() == ORIGINAL.read_bytes()


@pytest.mark.parametrize("split", ["dev", "test"])
def test_items_are_the_queries_of_a_split_in_order(by_wnid, manifest, split):
    queries = manifest[manifest["is_test"] == (split == "test")]
    tasks = ImagenetFlexit(str(by_wnid), split=split)
    assert [row_of(task.open()) for task in tasks] == list(queries.index)
    assert [task.caption for task in tasks] == [f"a photo of a {x}" for x in queries["source"]]
    assert [task.target for task in tasks] == [f"a photo of a {x}" for x in queries["target"]]
    assert [task.target_class for task in tasks] == list(queries["target"])
    assert [task.words for task in tasks] == [(label,) for label in queries["target"]]
    assert [task.key for task in tasks] == [Path(path).stem for path in queries["path"]]
    assert tasks.missing() == []


@pytest.mark.parametrize("split", ["dev", "test"])
def test_retrieved_pictures_show_the_target_and_differ(by_wnid, manifest, split):
    available = manifest.groupby("source").size()
    own = manifest[manifest["is_test"] == (split == "test")].groupby("source").groups
    retrieved: dict[str, list[int]] = {}
    for task in ImagenetFlexit(str(by_wnid), split=split):
        assert task.retrieved
        retrieved.setdefault(str(task.target_class), []).append(row_of(task.retrieved()))
    for label, rows in retrieved.items():
        assert set(manifest.loc[rows, "source"]) == {label}
        assert len(set(rows)) == min(4, available[label])
        assert set(rows) >= set(list(own.get(label, []))[:4])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("flat", [True, False])
def test_every_layout_is_found(tmp_path, manifest, place, flat):
    for number, path in list(enumerate(manifest["path"]))[:3]:
        save(tmp_path / place / (Path(path).name if flat else path), number)
    tasks = ImagenetFlexit(str(tmp_path), split="dev")
    assert len(tasks) == 1092
    assert [row_of(tasks[index].open()) for index in range(3)] == [0, 1, 2]


def test_a_missing_picture_keeps_its_item(tmp_path, manifest):
    save(tmp_path / manifest["path"][1], 1)
    tasks = ImagenetFlexit(str(tmp_path), split="dev")
    assert row_of(tasks[1].open()) == 1
    with pytest.raises(InputError, match=f"{manifest['path'][0]}: no such file"):
        tasks[0].open()
    missing = tasks.missing()
    assert str(tmp_path / manifest["path"][0]) in missing
    assert str(tmp_path / manifest["path"][1]) not in missing
    assert len(missing) == len(set(missing)) >= 1091


def test_a_folder_without_the_pictures_is_named(tmp_path):
    save(tmp_path / "val" / "cat.JPEG", 0)
    tasks = ImagenetFlexit(str(tmp_path))
    with pytest.raises(InputError, match=rf"{tmp_path} holds no picture.* in val/, in ILSVRC/"):
        len(tasks)


def test_the_prompt_may_be_the_raw_name(by_wnid):
    task = ImagenetFlexit(str(by_wnid), split="dev", prompt="{label}")[0]
    assert (task.caption, task.target) == ("Italian greyhound", "Afghan hound")


@pytest.mark.parametrize(
    ("field", "says"),
    [({"split": "val"}, "choose dev or test"), ({"prompt": "a dog"}, "no {label")],
)
def test_a_wrong_field_is_named(field, says):
    with pytest.raises(InputError, match=says):
        ImagenetFlexit("anywhere", **field)


def test_references_are_the_training_pictures_of_the_class(tmp_path):
    for name in ("b", "a"):
        save(tmp_path / "n02088364" / f"{name}.JPEG", 0)
    tasks = ImagenetFlexit("anywhere", train=str(tmp_path))
    references = tasks.references("beagle")
    names = [reference.identity.partition(",")[0] for reference in references]
    assert names == ["n02088364/a.JPEG", "n02088364/b.JPEG"]
    assert references[0].open().mode == "RGB"
    with pytest.raises(InputError, match=r"n02088238.*'basset' is a class missing from the stat"):
        tasks.references("basset")
    with pytest.raises(InputError, match="'unicorn' is none of FlexIT's 273 classes"):
        tasks.references("unicorn")
    with pytest.raises(InputError, match="train is not set"):
        ImagenetFlexit("anywhere").references("beagle")


def test_classes_are_all_targets(manifest):
    assert ImagenetFlexit("anywhere").classes() == sorted(set(manifest["target"]))


def test_the_configuration_shows_every_field_and_its_default():
    register()
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        config = compose("run", ["data=imagenet_flexit", "data.root=there"]).data
    assert config.name == "imagenet_flexit_test"
    assert instantiate(config.tasks) == ImagenetFlexit("there")
    assert {field.name for field in fields(ImagenetFlexit)} == set(config.tasks) - {"_target_"}
