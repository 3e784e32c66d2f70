"""Pictures that other code made become a row: found, checked, scored and marked."""

import shutil

import numpy as np
import pytest
from PIL import Image

from experiments.score.pictures import pictures_of
from tests.e2e.desk import smooth

pytestmark = pytest.mark.e2e
SIDE = 32
VAE = ("method=vae", "cell=own")


@pytest.fixture
def theirs(workplace):
    """What a run made, in a folder of its own."""
    assert workplace.run(*VAE).code == 0
    folder = workplace.folder / "theirs"
    shutil.copytree(workplace.cell("single", "own").folder / "images", folder)
    return folder


def imports(workplace, folder, *words):
    label = "method.label='Their name'"
    return workplace.run("method=imported", f"method.path={folder}", label, *words)


def cell(workplace):
    return workplace.cell("single", "imported_theirs")


def refused(workplace, outcome, *says):
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    for words in says:
        assert words in outcome.err
    assert not (workplace.folder / "results/single/sd14-folder_pictures/cells/imported_x").exists()


def test_they_have_the_scores_of_the_run_that_made_them(workplace, theirs):
    outcome = imports(workplace, theirs)
    assert outcome.code == 0, outcome.err
    own, imported = workplace.cell("single", "own"), cell(workplace)
    assert len(own.done) == 3
    for key in own.done:
        assert imported.image(key).read_bytes() == own.image(key).read_bytes()
        assert imported.scores[key].values == own.scores[key].values
        record = imported.records[key]
        assert (record.calls, record.notes) == ({}, ["made by other code"])
        assert record.sources.keys() == {"picture", "imported picture"}
    assert "Nothing was left to do" in imports(workplace, theirs).out
    assert "Their name (imported)" in workplace.report("experiment=single").out


def test_they_are_a_cell_of_a_sweep_and_of_an_experiment(workplace, theirs):
    words = ("experiment=table2", "method=vae,imported", f"method.path={theirs}", "limit=1")
    outcome = workplace.run(*words)
    assert outcome.code == 0, outcome.err
    assert len(workplace.cell("table2", "imported_theirs").done) == 1
    report = workplace.report("experiment=table2").out
    assert "theirs (imported)" in report
    assert "method.path is left out of vae, which has no such field" in outcome.err


def test_names_with_folders_and_of_the_item_s_picture_will_do(workplace, theirs):
    pictures = workplace.folder / "pictures"
    (pictures / "a").mkdir()
    (pictures / "2.png").rename(pictures / "a/2.png")
    text = (pictures / "metadata.csv").read_text()
    (pictures / "metadata.csv").write_text(text.replace("2.png", "a/2.png"))
    (theirs / "annotation_images/a").mkdir(parents=True)
    (theirs / "2.png.png").rename(theirs / "annotation_images/a/2.png")
    with Image.open(theirs / "1.png.png") as picture:
        picture.save(theirs / "1.webp", lossless=True)
    (theirs / "1.png.png").unlink()
    outcome = imports(workplace, theirs)
    assert outcome.code == 0, outcome.err
    assert cell(workplace).done == {"0.png", "1.png", "a__2.png"}


def test_of_a_strip_the_last_square_is_taken(workplace, theirs):
    with Image.open(theirs / "0.png.png") as picture:
        last = np.asarray(picture)
    strip = np.concatenate([np.full_like(last, shade) for shade in (255, 90, 9)] + [last], 1)
    Image.fromarray(strip).save(theirs / "0.png.png")
    assert imports(workplace, theirs, "limit=1").code == 0
    with Image.open(cell(workplace).image("0.png")) as kept:
        assert np.array_equal(np.asarray(kept), last)
    assert not cell(workplace).records["0.png"].from_jpeg


def test_a_jpeg_under_any_name_is_remembered_as_one(workplace, theirs):
    with Image.open(theirs / "0.png.png") as picture:
        picture.save(theirs / "0.png.png", "JPEG")
    assert imports(workplace, theirs, "limit=2").code == 0
    records = cell(workplace).records
    assert [records[key].from_jpeg for key in ("0.png", "1.png")] == [True, False]
    assert pictures_of(cell(workplace), "0.png").from_jpeg


@pytest.mark.parametrize("size", [(16, 16), (40, 32), (32, 64), (64, 16)])
def test_another_size_is_refused_before_anything_is_written(workplace, theirs, size):
    smooth(*size).save(theirs / "2.png.png")
    refused(
        workplace,
        imports(workplace, theirs, "cell=imported_x"),
        f"2.png.png has {size[0]} by {size[1]} pixels and the model's pictures have 32 by 32",
        "resize it yourself",
    )


def test_missing_and_renamed_pictures_are_counted(workplace, theirs):
    (theirs / "1.png.png").rename(theirs / "one.png")
    refused(
        workplace,
        imports(workplace, theirs, "cell=imported_x"),
        "theirs lacks the pictures of 1 of 3 items, such as 1.png (looked for 1 or 1.png, as .png",
        f"and has 1 picture that belongs to no item, such as {theirs / 'one.png'}",
    )


def test_more_pictures_than_items_are_told(workplace, theirs):
    for name, says in (("one", "1 picture that belongs"), ("two", "2 pictures that belong")):
        shutil.copy(theirs / "1.png.png", theirs / f"{name}.png")
        outcome = imports(workplace, theirs, "limit=1", f"cell={name}")
        assert outcome.code == 0
        assert f"theirs has {says} to no item of the data set" in outcome.err + outcome.out


def test_their_folder_of_pictures_is_named_after_the_one_that_holds_it(workplace, theirs):
    inner = workplace.folder / "their_p2p/annotation_images"
    shutil.copytree(theirs, inner)
    outcome = workplace.run("method=imported", f"method.path={inner}", "limit=1")
    assert outcome.code == 0, outcome.err
    assert len(workplace.cell("single", "imported_their_p2p").done) == 1
    assert "their_p2p (imported)" in workplace.report("experiment=single").out


def test_two_pictures_of_an_item_are_refused(workplace, theirs):
    shutil.copy(theirs / "1.png.png", theirs / "1.jpg")
    outcome = imports(workplace, theirs, "cell=imported_x")
    refused(workplace, outcome, "are both the picture of 1.png: keep one of them")


def test_a_folder_that_is_not_there_and_none_at_all_are_told(workplace):
    outcome = imports(workplace, workplace.folder / "no")
    refused(workplace, outcome, "is not a folder: give the one that holds the pictures")
    refused(workplace, workplace.run("method=imported"), "method.path is not set")
    edit = workplace.call("edit", "method=imported", "image=in.png", "prompt=a star")
    assert (edit.code, "Traceback" in edit.err) == (2, False)


def test_a_picture_that_changed_after_the_run_is_noticed(workplace, theirs):
    assert imports(workplace, theirs).code == 0
    smooth(SIDE, SIDE).save(theirs / "1.png.png")
    outcome = imports(workplace, theirs)
    refused(workplace, outcome, "the imported picture of 1.png in the data set changed")
