"""What ``pti.Editor`` makes of a method of one's own, and what it says of what it can't use."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from hydra import initialize_config_dir
from PIL import Image

from experiments.jobs.schema import CONFIGS
from pti import Editor
from pti.errors import InputError
from pti.method import Method
from pti.prompt_tuning import PromptTuning
from tests.e2e.desk import FEW_STEPS, PROMPT
from tests.e2e.test_python import CAPTION, same
from tests.tiny_world import pipeline_of

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Sly(PromptTuning):
    """Reads the target, and does not say so."""

    reads_target = False


def test_a_method_of_ones_own(desk, make, editor):
    own: Method = replace(editor.method, name="mine", edit=replace(editor.method.edit, eta=0.5))
    mine = Editor(editor.model, own)
    result = mine.edit(mine.invert(desk.image), PROMPT)
    assert same(result.image, editor.edit(editor.invert(desk.image), PROMPT, eta=0.5).image)
    sly = Editor(editor.model, Method("sly", Sly(), own.edit))
    with pytest.raises(InputError, match="reads_target"):
        sly.invert(desk.image, CAPTION)
    with pytest.raises(InputError, match="another editor made this inversion"):
        editor.edit(mine.invert(desk.image), PROMPT)
    with pytest.raises(InputError, match="settings are those of a method by its name"):
        make(own, settings=FEW_STEPS)


def test_another_program_may_use_hydra(tiny_folder):
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        assert Editor.from_pretrained(tiny_folder, "ddim_edit", settings=FEW_STEPS).steps == 3
    model: dict[str, Any] = {"model.load.variant": "fp16", "method.invert.trace.steps": 5}
    editor = Editor.from_pretrained(str(tiny_folder), precision="bf16", settings=model)
    assert (editor.steps, editor.model.precision) == (4, "bf16")


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ("nowhere.png", "nowhere.png: no such file"),
        (np.zeros((4, 4, 3)), "array of float64"),
        (np.zeros((2, 4, 4, 3), np.uint8), "several pictures as a list"),
        (np.zeros((4, 4), np.uint8), "height by width by 3"),
        (torch.zeros(3, 4, 4), "Tensor is no picture"),
        (Image.new("RGB", (0, 3)), "0 by 3 pixels is empty"),
        ([], "list of pictures is empty"),
    ],
)
def test_a_picture_that_is_none_is_refused(editor, image, says):
    with pytest.raises(InputError, match=says):
        editor.invert(image)


@pytest.mark.parametrize(
    ("prompt", "fields", "says"),
    [
        (" ", {}, "a prompt is empty"),
        ([PROMPT, PROMPT], {}, "2 prompts for 1 pictures"),
        (PROMPT, {"etta": 1}, "no 'etta'. Did you mean 'eta'. It has .*threshold"),
        (PROMPT, {"mask": np.zeros((3, 5, 3), np.uint8)}, "the mask of the picture has 5 by 3"),
        (PROMPT, {"reweight": {"blue": 2}}, "no 'reweight'"),
        (PROMPT, {"eta": "many"}, "eta=many can't be: it takes a number"),
        (PROMPT, {"start": 2.0}, "start=2.0: it is a share"),
        (PROMPT, {"words": "zebra"}, "does not contain 'zebra'"),
    ],
)
def test_an_edit_that_can_t_be_is_refused(desk, editor, prompt, fields, says):
    inversion = editor.invert(desk.image)
    with pytest.raises(InputError, match=says):
        editor.edit(inversion, prompt, **fields)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"method": "copy"}, "method=copy edits no picture"),
        ({"method": "vae"}, "method=vae only reconstructs"),
        ({"method": "ptii"}, "Did you mean 'pti'"),
        ({"model": "scens"}, "Did you mean 'scenes'"),
        (
            {"model": "no/folder", "settings": {"model.load.offline": True}},
            "no/folder is no folder",
        ),
        ({"settings": {"invert.iteration": 2}}, "Did you mean 'method.invert.iterations'"),
        ({"settings": {"invert.iterations": "two"}}, "iterations=two can't be"),
        ({"settings": {"inversion": "edict"}}, "method=pti has its own inversion"),
        ({"precision": "fp8", "model": "scenes"}, "fp8"),
    ],
)
def test_an_editor_that_can_t_be_is_refused(options, says):
    with pytest.raises(InputError, match=says):
        Editor.from_pretrained(**options)


def test_a_result_that_is_not_finite_is_refused(desk, make):
    editor = make("ddim_global")
    with pytest.raises(InputError, match="not finite"):
        editor.edit(editor.invert(desk.image), PROMPT, omega=1e30)


def test_a_caption_is_asked_for_where_it_is_read(desk, make):
    with pytest.raises(InputError, match=r"method=edict .*add caption"):
        make("edict").invert(desk.image)


def test_a_pipeline_that_does_not_fit_is_refused(tiny_folder):
    with pytest.raises(InputError, match=r"the pipeline's vae is in torch\.float16.*float32"):
        Editor(pipeline_of(tiny_folder, variant="fp16", torch_dtype=torch.float16))
    with pytest.raises(InputError, match="str has no vae, unet, text_encoder, tokenizer"):
        Editor("CompVis/stable-diffusion-v1-4")
    pipeline: Any = pipeline_of(tiny_folder)
    pipeline.unet.register_to_config(num_class_embeds=3)
    with pytest.raises(InputError, match="the pipeline: the model is conditioned on classes"):
        Editor(pipeline)
    pipeline = pipeline_of(tiny_folder)
    pipeline.unet.to("meta")
    with pytest.raises(InputError, match="unet is offloaded"):
        Editor(pipeline)


def test_an_edit_that_reads_what_was_not_inverted_is_refused(desk, editor):
    settings = {"invert.trace.steps": 4}
    plain = Editor(editor.model, "negative_prompt", settings=settings)
    inversion = plain.invert(desk.image, CAPTION)
    with pytest.raises(InputError, match="give background as settings"):
        plain.edit(inversion, PROMPT, background="retraced")
    with pytest.raises(InputError, match="give its prompt"):
        plain.invert(desk.image, CAPTION, words="blue")
