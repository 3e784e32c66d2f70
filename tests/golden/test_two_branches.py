"""Editors on two branches: what they must equal, what they cost, and the same written out."""

from dataclasses import replace

import pytest
import torch

from baselines.bdia import Bdia
from baselines.ddim import Ddim
from baselines.direct import Direct
from baselines.edict import Edict
from baselines.edit_friendly import EditFriendly
from baselines.masactrl import MasaCtrl
from baselines.negative_prompt import NegativePrompt
from baselines.null_text import NullText
from baselines.plug_and_play import PlugAndPlay
from baselines.prompt_to_prompt import PromptToPrompt
from baselines.proximal import Proximal
from pti.diffusion.editing import SampleTarget
from pti.diffusion.trace import Levels, Trace
from pti.diffusion.two_branches import TwoBranches
from pti.interpolation import Interpolate
from pti.method import Method
from pti.prompt_tuning import PromptTuning
from tests.tiny import edit_batch, tiny_model

TRACE = Trace(steps=5, ratio=0.8, omega=1.0)
K = 4
TARGET = SampleTarget(omega=3.0)
CONTROLS = [
    PromptToPrompt(self_limit=1),
    PromptToPrompt(change="replace", cross_steps=1.0, self_steps=1.0, weight=2.0),
    MasaCtrl(begin=1),
    MasaCtrl(begin=0, source_prompt="inversion"),
    PlugAndPlay(block=0, place=0),
]
INVERTERS = [
    Ddim(TRACE, omega=3.0),
    NullText(TRACE, iterations=1),
    NegativePrompt(TRACE),
    Direct(TRACE),
    EditFriendly(Levels(5, 0.8)),
    Edict(Levels(5, 0.8)),
    Bdia(Levels(5, 0.8), omega=1.0, gamma=1.0),
]


def edited(method, model=None, batch=None):
    model, batch = model or tiny_model(), batch or edit_batch()
    inversion = method.inverted(model, batch)
    return method.edit(model, method.invert.schedule(model), inversion, batch).z, inversion


def pair(invert, control, target=TARGET):
    return Method("pair", invert, TwoBranches(control, target))


def close(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-8)


@pytest.mark.parametrize("invert", INVERTERS, ids=lambda one: type(one).__name__)
def test_without_control_it_is_the_target_sampled(invert):
    ours, _ = edited(pair(invert, None))
    theirs, _ = edited(Method("plain", invert, SampleTarget(omega=3.0)))
    assert torch.equal(ours, theirs)
    idle = PromptToPrompt(cross_steps=0.0, self_steps=0.0)
    beside, _ = edited(pair(invert, idle))
    close(beside, theirs)


@pytest.mark.parametrize(
    ("invert", "control"),
    [(one, CONTROLS[0]) for one in INVERTERS] + [(INVERTERS[3], one) for one in CONTROLS[1:]],
    ids=lambda one: type(one).__name__,
)
def test_a_batch_equals_its_items(invert, control):
    model, batch = tiny_model(), edit_batch()
    whole, _ = edited(pair(invert, control), model, batch)
    alone = [edited(pair(invert, control), model, batch.select([row]))[0] for row in range(3)]
    close(whole, torch.cat(alone))


@pytest.mark.parametrize("control", CONTROLS[:1] + CONTROLS[3:4], ids=repr)
def test_the_caption_as_target_gives_the_picture_back(control):
    """The target's row then does what the source's does: what an exact inverter gives back."""
    batch = edit_batch()
    same = replace(batch, targets=batch.captions, phrases=((),) * 3)
    model = tiny_model()
    for invert in (Edict(Levels(5, 0.8)), EditFriendly(Levels(5, 0.8))):
        made, _ = edited(pair(invert, control, SampleTarget(omega=1.0)), model, same)
        close(made, model.encode(batch.images))
    tuned = NullText(TRACE, omega=3.0, iterations=2)
    made, inversion = edited(pair(tuned, control), model, same)
    close(made, inversion.reconstruction)


def test_tuned_prompts_with_eta_0_give_the_reconstruction_back():
    target = Interpolate(omega=3.0, eta=0.0)
    tuned = PromptTuning(TRACE, omega=3.0, iterations=2)
    method = Method("pti", tuned, TwoBranches(PromptToPrompt(), target, source="target"))
    made, inversion = edited(method)
    close(made, inversion.reconstruction)


def test_proximal_guidance_is_kept():
    target = Proximal(omega=3.0, quantile=0.0)
    ours, _ = edited(pair(NegativePrompt(TRACE), PromptToPrompt(), target))
    theirs, _ = edited(pair(NegativePrompt(TRACE), PromptToPrompt()))
    assert (ours - theirs).abs().max() < 0.05 < theirs.abs().max()
    more, _ = edited(pair(NegativePrompt(TRACE), PromptToPrompt(), replace(target, quantile=0.9)))
    assert (more - theirs).abs().max() > (ours - theirs).abs().max()


@pytest.mark.parametrize(
    ("control", "rows"), [(CONTROLS[0], 3), (CONTROLS[2], 3), (CONTROLS[3], 4), (CONTROLS[4], 3)]
)
def test_a_step_costs_a_row_for_each_branch_and_guidance(control, rows):
    model, batch = tiny_model(), edit_batch()
    direct = Direct(TRACE)
    inversion = direct(model, batch)
    before = model.calls
    pair(direct, control).edit(model, direct.schedule(model), inversion, batch)
    assert (model.calls - before).shared_by(3).forward == rows * K


def test_negative_prompts_own_row_is_sampled():
    """Its authors' source row drifts from the trajectory; that of Direct Inversion does not."""
    model, batch = tiny_model(), edit_batch()
    inversion = pair(NegativePrompt(TRACE), PromptToPrompt()).inverted(model, batch)
    assert (inversion.retraced[:, 0] - inversion.path[:, 0]).abs().max() > 1e-4
    plain = Method("plain", NegativePrompt(TRACE), SampleTarget()).inverted(model, batch)
    assert torch.equal(plain.retraced, plain.path)
    exact = pair(Edict(Levels(5, 0.8)), PromptToPrompt()).inverted(model, batch)
    assert torch.equal(exact.retraced, exact.path)


def test_a_retraced_background_is_sampled_back_for():
    plain = Method("plain", NegativePrompt(TRACE), SampleTarget(background="retraced"))
    inversion = plain.inverted(tiny_model(), edit_batch())
    assert not torch.equal(inversion.retraced, inversion.path)


def test_halves_without_a_meaning_together_refuse_each_other():
    for half, edict in ((MasaCtrl(), Edict()), (PromptToPrompt(), Edict(omega=3.0))):
        with pytest.raises(ValueError, match="second latent"):
            pair(edict, half)
    with pytest.raises(ValueError, match="PromptTuning have the words of the target"):
        pair(PromptTuning(TRACE), PromptToPrompt())
    with pytest.raises(ValueError, match="NullText have the words of the caption"):
        Method("pair", NullText(TRACE), TwoBranches(PromptToPrompt(), TARGET, source="target"))
    with pytest.raises(ValueError, match="omega=0"):
        TwoBranches(target=SampleTarget(omega=0.0))


@pytest.mark.parametrize(
    "control", [MasaCtrl(0, 2, "inversion"), PlugAndPlay(1.0, 1.0, 0, 0, "inversion")]
)
def test_edict_s_second_latent_is_that_of_inversion(control):
    """The caption as target: a wrong second latent would not give the picture back."""
    batch = edit_batch()
    same = replace(batch, targets=batch.captions, phrases=((),) * 3)
    model = tiny_model()
    made, _ = edited(pair(Edict(Levels(5, 0.8)), control, SampleTarget(omega=1.0)), model, same)
    close(made, model.encode(batch.images))


def test_the_model_is_left_as_it_was():
    model = tiny_model()
    processors = dict(model.unet.attn_processors)
    for control in CONTROLS:
        edited(pair(Direct(TRACE), control), model)
    assert dict(model.unet.attn_processors) == processors
    assert not any(module._forward_hooks for module in model.unet.modules())
