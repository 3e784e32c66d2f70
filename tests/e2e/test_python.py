"""``pti.Editor``: the same edits as the command's, from Python."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import PNDMScheduler
from PIL import Image

from experiments.jobs.schema import CONFIGS
from experiments.run.compute import load_model
from pti import Editor
from pti.diffusion.calls import Calls
from pti.diffusion.model import LatentDiffusion
from pti.errors import InputError
from tests.e2e.desk import FEW_STEPS, PROMPT, smooth
from tests.e2e.documents import REPOSITORY, commands, programs
from tests.tiny_world import pipeline_of

pytestmark = [pytest.mark.e2e, pytest.mark.long]
CAPTION = "a red star on grass"
EDITING = sorted(
    path.stem for path in CONFIGS.glob("method/*.yaml") if "edit:" in path.read_text("utf-8")
)


def same(one, other) -> bool:
    return one.mode == other.mode and np.array_equal(np.asarray(one), np.asarray(other))


def spent(editor: Editor, act) -> tuple[Any, Calls]:
    before = editor.model.calls
    made = act()
    return made, editor.model.calls - before


def test_to_import_the_package_imports_nothing_that_takes_seconds():
    program = "import pti, sys; assert 'Editor' in pti.__all__; print(*sys.modules)"
    run = [sys.executable, "-c", program]
    done = subprocess.run(run, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert not {"torch", "hydra", "numpy", "experiments"} & set(done.stdout.split())


@pytest.mark.parametrize(
    ("method", "caption", "fit"),
    [("pti", "", "crop"), ("pti", CAPTION, "pad"), ("ddim_edit", "", "pad")]
    + [(method, CAPTION, "crop") for method in ("diffedit", "nti_global", "edict", "pti_latent")]
    + [("p2p", CAPTION, "crop"), ("masactrl pti", CAPTION, "crop")],
)
def test_it_has_the_bits_of_the_command(desk, make, method, caption, fit):
    method, _, pair = method.partition(" ")
    words = [f"method={method}", f"caption={caption}", f"fit={fit}", "seed=3", "omega=4"]
    assert desk.edit(*words, *([f"inversion={pair}"] if pair else [])).code == 0
    editor = make(method, settings=FEW_STEPS | ({"inversion": pair} if pair else {}))
    inversion = editor.invert(desk.image, caption or None, fit=fit, seed=3)
    result = editor.edit(inversion, PROMPT, omega=4)
    with Image.open(desk.out) as made:
        assert same(made, result.image)
    about = desk.about()["metrics"]
    assert result.calls.as_json() == about["calls"]
    assert result.share == about["mask"]
    assert (result.mask is None) == (about["mask"] is None)
    assert result.seconds.keys() == about["seconds"].keys()


def test_a_path_a_picture_and_an_array_are_the_same(desk, editor):
    with Image.open(desk.image) as picture:
        forms = [desk.image, str(desk.image), picture, np.asarray(picture)]
        squares = [editor.invert(form).squares[0] for form in forms]
    assert all(np.array_equal(square, squares[0]) for square in squares)


def test_a_picture_of_pil_is_turned_as_its_file_is(desk, editor):
    exif = Image.Exif()
    exif[0x0112] = 6
    smooth(60, 40).save(desk.folder / "turned.jpg", exif=exif)
    from_file = editor.invert(desk.folder / "turned.jpg")
    with Image.open(desk.folder / "turned.jpg") as picture:
        from_picture = editor.invert(picture)
    assert from_file.frames[0].picture.size == (40, 60)
    assert same(from_file.frames[0].picture, from_picture.frames[0].picture)


def test_one_inversion_serves_many_edits(desk, editor):
    inversion, laid = spent(editor, lambda: editor.invert(desk.image, CAPTION))
    assert laid.as_json() == {"trace.forward": 3}
    first, tuned = spent(editor, lambda: editor.edit(inversion, PROMPT))
    whole = {"trace.forward": 3, "tune.forward": 9, "tune.backward": 3, "sample.forward": 6}
    assert first.calls.as_json() == whole
    assert (laid + tuned).as_json() == whole
    again, sampled = spent(editor, lambda: editor.edit(inversion, PROMPT, eta=0.5, threshold=0.9))
    assert sampled.as_json() == {"sample.forward": 6}
    assert again.calls.as_json() == whole
    assert not same(again.image, first.image)
    _, other = spent(editor, lambda: editor.edit(inversion, "an orange heart on wood"))
    assert other.as_json() == {key: whole[key] for key in whole if "trace" not in key}
    back, nothing = spent(editor, lambda: editor.edit(inversion, PROMPT))
    assert nothing.as_json() == {"sample.forward": 6}
    assert same(back.image, first.image)


@pytest.mark.parametrize(
    ("method", "caption", "kept"),
    [
        ("nti_global", CAPTION, True),
        ("nti_global", None, False),
        ("edict", CAPTION, True),
        ("ddim_edit", None, True),
    ],
)
def test_what_does_not_read_the_target_is_inverted_for_all(desk, make, method, caption, kept):
    editor = make(method)
    inversion = editor.invert(desk.image, caption)
    editor.edit(inversion, "an orange heart on wood")
    result, second = spent(editor, lambda: editor.edit(inversion, PROMPT))
    assert (set(second.as_json()) == {"sample.forward"}) == kept
    alone = editor.edit(editor.invert(desk.image, caption, prompt=PROMPT), PROMPT)
    assert same(alone.image, result.image)
    assert alone.calls == result.calls


@pytest.mark.parametrize("method", EDITING)
def test_an_inverter_that_reads_the_target_says_so(make, method):
    """The inversion of any other is made without one."""
    editor = make(method)
    inversion = editor.invert(smooth(32, 32), CAPTION)
    reads = getattr(editor.method.invert, "reads_target", False)
    assert (inversion.shared is None) == reads


def test_the_prompt_may_be_inverted_for_at_once(desk, editor):
    inversion = editor.invert(desk.image, prompt=PROMPT, words="ring")
    _, calls = spent(editor, lambda: editor.edit(inversion, PROMPT, words="ring"))
    assert calls.as_json() == {"sample.forward": 6}
    with pytest.raises(InputError, match="does not contain 'zebra'"):
        editor.invert(desk.image, prompt=PROMPT, words=["zebra"])


@pytest.mark.parametrize("method", ["pti", "ddim_edit", "edit_friendly"])
def test_a_list_is_its_pictures(make, method):
    editor = make(method)
    pictures = [smooth(40, 30), smooth(30, 50, "RGBA"), np.asarray(smooth(32, 32).rotate(90))]
    captions, prompts = [CAPTION, "a ring", CAPTION], [PROMPT, "an orange heart on wood", PROMPT]
    together = editor.edit(editor.invert(pictures, captions, seed=2), prompts)
    for picture, caption, prompt, result in zip(pictures, captions, prompts, together, strict=True):
        alone = editor.edit(editor.invert(picture, caption, seed=2), prompt)
        assert alone.image.mode == result.image.mode
        apart = np.abs(np.asarray(alone.image, int) - np.asarray(result.image, int))
        assert apart.max() <= 2
        assert alone.calls == result.calls
    (single,) = editor.edit(editor.invert(pictures[:1], CAPTION, seed=2), PROMPT)
    assert same(
        single.image, editor.edit(editor.invert(pictures[0], CAPTION, seed=2), PROMPT).image
    )


def test_it_tunes_within_no_grad_with_the_same_bits(desk, editor):
    plain = editor.edit(editor.invert(desk.image), PROMPT)
    for quiet in (torch.no_grad, torch.inference_mode):
        with quiet():
            inside = editor.edit(editor.invert(desk.image), PROMPT)
        assert same(plain.image, inside.image)


@pytest.mark.parametrize("other", [False, True])
def test_a_pipeline_is_the_folder_that_it_was_saved_to(desk, tiny_folder, tmp_path, other):
    pipeline: Any = pipeline_of(tiny_folder)
    if other:
        pipeline.scheduler = PNDMScheduler.from_config(pipeline.scheduler.config)
        pipeline.save_pretrained(tmp_path / "saved")
        tiny_folder = tmp_path / "saved"
    from_memory = Editor(pipeline=pipeline, settings=FEW_STEPS)
    from_folder = Editor.from_pretrained(tiny_folder, settings=FEW_STEPS)
    first, second = (one.edit(one.invert(desk.image), PROMPT) for one in (from_memory, from_folder))
    assert same(first.image, second.image)
    assert dict(from_memory.model.scheduler.config) == dict(from_folder.model.scheduler.config)
    assert from_memory.model.digest == Editor(pipeline_of(tiny_folder), "pti").model.digest
    assert from_memory.model.digest.startswith("pipeline-")
    assert isinstance(pipeline.scheduler, PNDMScheduler) == other


def test_the_page_runs_as_it_stands(tmp_path, monkeypatch):
    schedule = LatentDiffusion.schedule

    def few(model, steps, ratio=1.0, offset=None):
        return schedule(model, min(steps, 4), ratio, offset)

    monkeypatch.setattr(LatentDiffusion, "schedule", few)
    monkeypatch.chdir(tmp_path)
    text = (REPOSITORY / "docs/python.md").read_text("utf-8")
    render = next(commands(text)).words()
    assert render[:3] == ["python", "-m", "data.scenes.render"]
    subprocess.run([sys.executable, *render[1:]], check=True, env={"PYTHONPATH": str(REPOSITORY)})
    space: dict[str, Any] = {}
    for program in programs(text):
        exec(program, space)  # noqa: S102
    made = {path.name for path in tmp_path.glob("*.png")}
    assert made == {
        f"{name}.png" for name in ("star", "blue", "green-0", "green-1", "mine", "half")
    }
    load_model.cache_clear()
