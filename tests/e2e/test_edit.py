"""``python -m experiments.edit``: one picture, by command."""

from io import StringIO

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio
from tqdm import tqdm

from data.scenes.render import render, true_mask
from data.scenes.spec import parse
from experiments.edit.request import Request
from tests.e2e.desk import PROMPT, smooth
from tests.unit.profiles import swapped

pytestmark = pytest.mark.e2e


def pixels(path, mode="RGB"):
    with Image.open(path) as picture:
        assert (picture.format, picture.mode) == ("PNG", mode)
        return np.asarray(picture)


@pytest.mark.parametrize("fit", ["crop", "pad"])
@pytest.mark.parametrize(
    ("size", "mode"),
    [((90, 40), "L"), ((31, 57), "RGBA"), ((300, 3), "I;16"), ((1, 1), "RGB")],
)
def test_the_output_has_the_inputs_size(desk, size, mode, fit):
    picture = smooth(*size).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    desk.put(picture)
    outcome = desk.edit(f"fit={fit}")
    assert outcome.code == 0, outcome.err
    bands = "RGBA" if mode == "RGBA" else "RGB"
    assert pixels(desk.out, bands).shape == (size[1], size[0], len(bands))
    for path in (desk.out, desk.sheet(), desk.out.with_suffix(".json")):
        assert f"wrote {path}" in outcome.out
        assert path.exists()


@pytest.mark.parametrize(("size", "inside"), [((90, 40), (25, 0)), ((33, 64), (0, 15))])
def test_crop_keeps_what_lies_outside_the_square(desk, size, inside):
    desk.put(smooth(*size))
    assert desk.edit("fit=crop").code == 0
    before, after = pixels(desk.image), pixels(desk.out)
    left, top = inside
    side = min(size)
    square = np.zeros(before.shape[:2], bool)
    square[top : top + side, left : left + side] = True
    np.testing.assert_array_equal(before[~square], after[~square])
    assert (before[square] != after[square]).any()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_crop_keeps_alpha_and_the_colours_beneath(desk, mode):
    picture = smooth(90, 40, "RGBA").convert(mode)
    desk.put(picture)
    assert desk.edit("fit=crop").code == 0
    before, after = np.asarray(picture.convert("RGBA")), pixels(desk.out, "RGBA")
    assert before[..., 3].min() < 5
    np.testing.assert_array_equal(before[..., 3], after[..., 3])
    np.testing.assert_array_equal(before[:, :25], after[:, :25])
    np.testing.assert_array_equal(before[:, 65:], after[:, 65:])
    assert (before[:, 25:65] != after[:, 25:65]).any()


def test_a_profile_is_applied_before_the_edit(desk):
    desk.put(Image.new("RGB", (90, 40), (40, 160, 40)), icc_profile=swapped())
    assert desk.edit("fit=crop").code == 0
    assert pixels(desk.out)[0, 0].tolist() == [160, 40, 40]
    with Image.open(desk.out) as picture:
        assert "icc_profile" not in picture.info


def test_pad_edits_every_part(desk):
    desk.put(smooth(90, 40))
    assert desk.edit("fit=pad").code == 0
    changed = (pixels(desk.image) != pixels(desk.out)).any(axis=(0, 2))
    assert changed[:25].any()
    assert changed[65:].any()


def test_a_photo_turned_by_its_camera_comes_out_upright(desk):
    exif = Image.Exif()
    exif[0x0112] = 6
    smooth(60, 40).save(desk.folder / "in.jpg", exif=exif)
    assert desk.edit(f"image={desk.folder / 'in.jpg'}").code == 0
    assert pixels(desk.out).shape == (60, 40, 3)


def test_the_json_tells_how_it_was_made(desk):
    words = ("caption=a red star on grass", "eta=0.7", "threshold=0.4", "omega=3", "seed=5")
    desk.put(smooth(32, 32))  # the tiny model's own size, where nothing is resized
    assert desk.edit(*words).code == 0
    about = desk.about()
    settings, metrics = about["settings"], about["metrics"]
    method = settings["method"]
    assert method["name"] == "pti"
    assert method["edit"]["eta"] == 0.7
    assert method["edit"]["omega"] == 3
    assert method["edit"]["mask"]["threshold"] == 0.4
    assert method["invert"]["trace"]["steps"] == 4
    assert settings["words"] == ["blue", "ring", "snow"]
    kept = {"prompt": PROMPT, "caption": "a red star on grass", "fit": "crop", "seed": 5}
    assert kept.items() <= settings.items()
    assert (settings["model"], settings["precision"]) == ("sd14", "fp32")
    assert settings["image"] == str(desk.image)
    assert settings["weights"].endswith("-float32")
    assert about["provenance"]["versions"]["torch"]
    expected = peak_signal_noise_ratio(pixels(desk.image), pixels(desk.out))
    assert metrics["psnr[0,1]"] == pytest.approx(expected, abs=1e-3)
    assert -1 <= metrics["ssim[0,1]"] <= 1
    assert 0 <= metrics["mask"] <= 1
    # 3 steps of 4 at ratio 0.8: one forward each to invert, three and a backward to tune, two to
    # sample.
    calls = {"trace.forward": 3, "tune.forward": 9, "tune.backward": 3, "sample.forward": 6}
    assert metrics["calls"] == calls
    assert set(metrics["seconds"]) == {"inverting", "sampling"}


def test_the_same_command_gives_the_same_bytes(desk):
    made = []
    for _ in range(2):
        assert desk.edit("method=diffedit", "caption=a red star on grass").code == 0
        made.append((desk.out.read_bytes(), desk.sheet().read_bytes()))
    assert made[0] == made[1]


@pytest.mark.parametrize(("threshold", "share", "says"), [(1, 0, "nothing"), (-1, 1, "everything")])
def test_a_mask_without_a_part_in_it_is_noted(desk, threshold, share, says):
    outcome = desk.edit(f"threshold={threshold}")
    assert outcome.code == 0
    (note,) = desk.about()["notes"]
    assert f"the mask selects {says}" in note
    assert f"note: {note}" in outcome.out
    assert desk.about()["metrics"]["mask"] == share


def test_a_prompt_that_is_cut_off_is_noted(desk):
    assert desk.edit(f"prompt={PROMPT} and an orange heart on wood", "words=ring").code == 0
    assert "'heart on wood' was cut off" in desk.about()["notes"][0]


def test_the_embedded_model_says_what_it_never_saw(desk):
    """A drawn scene in its own words is no reason for a note; a smooth gradient in others is."""
    desk.put(Image.fromarray(render(parse("a red star on grass"), seed=1)))
    words = [f"image={desk.image}", f"out={desk.out}", "model=scenes", "method=ddim_global"]
    words += ["method.invert.trace.steps=2"]
    assert desk.call("edit", *words, "prompt=An orange star, on snow").code == 0
    assert not desk.about()["notes"]
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    desk.put(Image.fromarray(noise))
    assert desk.call("edit", *words, "prompt=two red stars on Mars").code == 0
    unknown, held = desk.about()["notes"]
    assert unknown.startswith("scenes never saw 'two', 'stars', 'mars': its words are red, orange,")
    measured = desk.about()["metrics"]["autoencoder psnr"]
    assert measured < 15
    assert f"alone gives this picture back at {measured:.1f} dB" in held


@pytest.mark.parametrize("method", ["pti", "diffedit"])
def test_progress_ends_where_the_work_does(desk, monkeypatch, method):
    """Each stage visits every timestep of its trajectory once."""
    bars = []

    def bar(**options):
        bars.append(tqdm(**options, file=StringIO()))
        return bars[-1]

    monkeypatch.setattr("experiments.edit.progress.bar", bar)
    words = ["method.invert.trace.steps=5", "method.invert.trace.ratio=0.8"]
    assert desk.edit(f"method={method}", "caption=a red ring", *words).code == 0
    middle = {"pti": ("tuning", 4, 4), "diffedit": ("finding the mask", 1, None)}[method]
    told = [(shown.desc, shown.n, shown.total) for shown in bars]
    assert told == [("inverting", 4, 4), middle, ("sampling", 4, 4)]


def test_without_a_mask_the_sheet_has_two_panels(desk):
    widths = []
    for method in ("pti", "ddim_global"):
        assert desk.edit(f"method={method}").code == 0
        with Image.open(desk.sheet()) as sheet:
            widths.append(sheet.width)
    assert widths[1] < 0.8 * widths[0]
    assert desk.about()["metrics"]["mask"] is None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ["blue", "ring", "snow"]),
        (["caption=a blue star on snow"], ["ring"]),
        (["words=blue ring, snow"], ["blue ring", "snow"]),
        (["prompt=The $1 Ring!"], ["1", "Ring"]),
        (["prompt=on the"], ["on", "the"]),
        (["caption=" + PROMPT], ["blue", "ring", "snow"]),
    ],
)
def test_which_words_the_mask_follows(words, expected):
    request = Request.read(["image=in.png", f"prompt={PROMPT}", *words])
    assert list(request.task.edited_words()) == expected


def test_the_files_are_named_after_the_picture(desk, monkeypatch):
    monkeypatch.chdir(desk.folder)
    assert desk.edit("out=").code == 0
    made = {"in-edited.png", "in-edited-sheet.png", "in-edited.json"}
    assert made == {path.name for path in desk.folder.iterdir()} - {"in.png"}


def test_the_shipped_model_edits_the_object_more_than_the_rest(desk):
    picture = render(parse("a red star on grass"), 0)
    there = true_mask(picture, render(parse("a blue star on grass"), 0))
    desk.put(Image.fromarray(picture))
    words = ("caption=a red star on grass", "prompt=a blue star on grass", "precision=fp32")
    command = [f"image={desk.image}", f"out={desk.out}", "method.invert.trace.steps=10", *words]
    assert desk.call("edit", *command).code == 0
    assert desk.about()["settings"]["model"] == "scenes"
    after = pixels(desk.out).astype(float)
    gain = (after - picture)[there].mean(axis=0)
    assert gain[2] > gain[0], "the star has become bluer, and less red"
    change = np.abs(after - picture).mean(axis=2)
    assert change[there].mean() > 2 * change[~there].mean()
