"""Masks of the user's, from a folder's metadata and beside a single picture."""

import numpy as np
import pytest
from PIL import Image

from experiments.jobs.plan import plan
from experiments.report.mend import mend
from experiments.report.paper import read_paper
from experiments.report.summary import summarise
from experiments.store.open import cell_folder
from experiments.store.result_set import find_result_sets
from tests.e2e.desk import smooth
from tests.e2e.test_edit_bad_input import refused
from tests.tiny import CAPTIONS

pytestmark = [pytest.mark.e2e, pytest.mark.long]

GIVEN = "mask@method.edit.mask=given"
EDIT = ("goal=edit", "method.invert.trace.steps=2")


def left_half(size, until=None):
    mask = Image.new("L", size)
    mask.paste(255, (0, 0, until or size[0] // 2, size[1]))
    return mask


@pytest.fixture
def masked(workplace):
    """The workplace's pictures, 48 by 40, of which the first two have masks."""
    pictures = workplace.folder / "pictures"
    left_half((48, 40)).save(pictures / "left.png")
    masks = ("left.png", "left.png", "")
    rows = zip(range(3), CAPTIONS, CAPTIONS[::-1], masks, strict=True)
    lines = [f"{i}.png,{caption},{target},{mask}" for i, caption, target, mask in rows]
    text = "\n".join(["file_name,text,target,mask", *lines])
    (pictures / "metadata.csv").write_text(text)
    return workplace


def summary(workplace, experiment="single"):
    (made,) = find_result_sets(workplace.folder / "results", experiment)
    return summarise(made, read_paper())


def test_a_run_blends_with_them_and_says_so(masked):
    outcome = masked.run("method=pti", GIVEN, "cell=x", *EDIT)
    assert "2.png failed: a mask is to be given and there is none" in outcome.err
    cell = masked.cell("single", "x")
    assert cell.done == {"0.png", "1.png"}
    record = cell.records["0.png"]
    assert record.notes == ["the mask was given"]
    assert record.sources.keys() >= {"picture", "mask"}
    assert record.mask == 0.5
    kept = np.asarray(Image.open(cell.mask("0.png")))
    assert kept[:, :16].all()
    assert not kept[:, 16:].any()
    assert cell.records["2.png"].calls == {}


def test_a_changed_mask_is_noticed(masked):
    words = ("method=ddim_edit", GIVEN, "limit=2", *EDIT)
    assert masked.run(*words).code == 0
    left_half((48, 40), 9).save(masked.folder / "pictures/left.png")
    outcome = masked.run(*words)
    assert outcome.code == 2
    assert "the mask of 0.png in the data set changed" in outcome.err


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (left_half((40, 48)), "the mask of 0.png has 40 by 48 pixels and the picture 48 by 40"),
        (left_half((48, 40), 4), "the mask that was given selects nothing of the square"),
    ],
)
def test_a_mask_that_does_not_fit_fails_before_the_inversion(masked, mask, says):
    mask.save(masked.folder / "pictures/left.png")
    outcome = masked.run("method=ddim_edit", GIVEN, "limit=1", "cell=x", *EDIT)
    assert f"0.png failed: {says}" in outcome.err
    assert masked.cell("single", "x").records["0.png"].status == "failed"
    assert not list((masked.folder / "cache").rglob("*.safetensors"))


def test_they_are_the_region_of_any_edit(masked):
    assert masked.run("method=ddim_edit", "cell=x", *EDIT).code == 0
    cell = masked.cell("single", "x")
    sources = cell.records["0.png"].sources
    assert "region" in sources
    assert "mask" not in sources
    region = np.asarray(Image.open(cell.region("0.png"))) > 127
    assert region[:, :16].all()
    assert not region[:, 16:].any()
    assert not cell.region("2.png").exists()


def test_masks_of_pictures_that_are_not_edited_are_not_opened(masked):
    (masked.folder / "pictures/left.png").write_text("no picture")
    words = ("method=ddim_edit", "cell=x", "method.invert.trace.steps=2")
    assert masked.run(*words, "goal=reconstruct").code == 0
    assert len(masked.cell("single", "x").done) == 3


def test_a_method_of_given_masks_stands_apart_in_tables(masked):
    for more in ((), (GIVEN,)):
        assert masked.run("method=ddim_edit,pti_global", "limit=2", *more, *EDIT).code == 0
    labels = ["DDIM-Edit", "DDIM-Edit (mask given)", "PTI", "PTI (mask given)"]
    assert sorted(summary(masked).cells["label"]) == labels


def test_in_an_experiment_it_is_a_cell_of_its_own(masked):
    words = ("experiment=figure4", "metrics=reconstruction", "limit=2", *EDIT)
    assert masked.run(*words, "method=ddim_global").code == 0
    outcome = masked.run(*words, "method=ddim_global,copy", GIVEN)
    assert outcome.code == 0, outcome.err
    made = summary(masked, "figure4")
    assert {cell.folder.name for _, cell in made.named()} == {
        "ddim_global",
        "ddim_global,mask=given",
        "copy",
    }
    assert "DDIM-Global (mask given)" in list(made.cells["label"])


def test_what_is_missing_of_such_a_cell_is_asked_for_with_the_mask(masked):
    words = ("experiment=figure4", "metrics=reconstruction", *EDIT)
    assert masked.run(*words, "method=ddim_edit", GIVEN).code == 2
    (sentence, *_) = mend(summary(masked, "figure4"))
    assert f" {GIVEN}" in sentence
    assert "GivenMask" not in sentence


def test_every_masked_method_takes_one():
    """Those, too, whose files set fields of their own mask."""
    methods = ("pti", "nti_global", "diffedit_paper", "diffedit_diffusers", "fpi_damped")
    for cfg in plan([f"method={','.join(methods)}", GIVEN]):
        assert list(cfg.method.edit.mask) == ["_target_"]
        assert cell_folder(cfg).name == f"{cfg.method.name},{GIVEN}"


def test_a_method_without_a_mask_is_told(workplace):
    outcome = workplace.run("method=nti", GIVEN)
    assert outcome.code == 2
    assert f"there is no field '{GIVEN.partition('=')[0]}'" in outcome.err


def given(desk, mask):
    path = desk.folder / "mask.png"
    mask.save(path)
    return f"mask={path}"


@pytest.mark.parametrize("words", [[], ["method=diffedit_paper"], ["method=fpi", "caption=a star"]])
def test_one_picture_is_edited_within_it(desk, words):
    desk.put(smooth(32, 32))
    outcome = desk.edit(given(desk, left_half((32, 32))), "precision=fp32", *words)
    assert outcome.code == 0, outcome.err
    about = desk.about()
    assert about["metrics"]["mask"] == 0.5
    assert about["settings"]["mask"].endswith("mask.png")
    assert about["settings"]["method"]["edit"]["mask"]["_target_"].endswith("GivenMask")
    assert not about["notes"]


@pytest.mark.parametrize(("fit", "share"), [("crop", 10 / 16), ("pad", 8 / 16)])
def test_it_is_framed_like_the_picture(desk, fit, share):
    """45 columns of 80 are 25 of the middle 40; 40 of 80 are half of what is extended below."""
    desk.put(smooth(80, 40))
    mask = left_half((80, 40), {"crop": 45, "pad": 40}[fit])
    assert desk.edit(given(desk, mask), f"fit={fit}").code == 0
    assert desk.about()["metrics"]["mask"] == share


def test_a_mask_of_everything_is_noted(desk):
    desk.put(smooth(32, 32))
    assert desk.edit(given(desk, Image.new("1", (32, 32), 1))).code == 0
    assert desk.about()["notes"] == ["the mask selects everything: nothing is kept"]


def test_a_mask_that_cannot_be_used_is_one_sentence(desk):
    desk.put(smooth(32, 32))
    whole = given(desk, left_half((32, 32)))
    small = "has 8 by 9 pixels and the picture 32 by 32"
    refused(desk, desk.edit(given(desk, left_half((8, 9)))), small)
    refused(desk, desk.edit(given(desk, Image.new("L", (32, 32)))), "selects nothing")
    refused(desk, desk.edit("mask=nowhere.png"), "nowhere.png: no such file")
    refused(desk, desk.edit(whole, "threshold=0.3"), "'method.edit.mask.threshold'")
    overwritten = desk.edit(whole, f"out={desk.folder / 'mask.png'}")
    refused(desk, overwritten, "mask.png would overwrite", "mask.png")
