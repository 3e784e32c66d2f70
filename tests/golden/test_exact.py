"""Exact methods: up and down again ends where it began; costs; the formulas written out."""

from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

import pytest
import torch

from baselines.bdia import Bdia
from baselines.belm import Belm
from baselines.cycle_diffusion import CycleDiffusion
from baselines.diffedit import NoiseContrast
from baselines.direct import Direct
from baselines.edict import Edict
from baselines.edit_friendly import EditFriendly
from baselines.null_text import NullText
from pti.diffusion.blending import AttentionMask
from pti.diffusion.editing import SampleTarget
from pti.diffusion.guidance import Guidance
from pti.diffusion.movers import State
from pti.diffusion.sampling import descend, path_of
from pti.diffusion.trace import Levels, Trace
from pti.method import reconstruct
from pti.prompt_tuning import PromptTuning
from tests.tiny import edit_batch, tiny_batch, tiny_model

PREDICTIONS = ("epsilon", "v_prediction")


def model_of(prediction="epsilon"):
    model = tiny_model()
    model.scheduler.register_to_config(prediction_type=prediction)
    return model


def methods(steps, omega=2.0) -> dict[str, Any]:
    return {
        "direct": Direct(Trace(steps=steps, omega=1.0)),
        "edit friendly": EditFriendly(Levels(steps), omega=omega),
        "cycle diffusion": CycleDiffusion(Levels(steps), omega=omega),
        "edict": Edict(Levels(steps), omega=omega),
        "bdia": Bdia(Levels(steps), omega=omega),
        "belm": Belm(Levels(steps), omega=omega),
    }


NAMES = tuple(methods(1))


@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("name", NAMES)
def test_the_reconstruction_is_where_inversion_began(name, steps, prediction):
    """From what the cache keeps, and along the whole way where the latent is that of the path."""
    model, batch, invert = model_of(prediction), tiny_batch(), methods(steps)[name]
    assert invert.exact
    found = invert(model, batch)
    start = model.encode(batch.images)
    torch.testing.assert_close(found.path[:, 0], start, rtol=0, atol=0)
    back = reconstruct(invert, model, batch)
    torch.testing.assert_close(back, start.to(back), rtol=0, atol=1e-8)
    torch.testing.assert_close(found.retraced, found.path, rtol=0, atol=1e-8)
    if name != "direct":  # whose own row is put back, and not sampled
        schedule, guidance = invert.schedule(model), Guidance(found.null, found.cond, omega=2.0)
        states = descend(model, schedule, State.at_the_end_of(found), guidance)
        torch.testing.assert_close(path_of(states[::-1]), found.path, rtol=0, atol=1e-8)


def calls_of(model, make):
    before = model.calls
    made = make()
    return (model.calls - before).as_json(), made


K = 5
COSTS = {  # forward passes at omega 2: of the inversion, of sampling back, of an edit
    "direct": (K, 0, 2 * K),
    "edit friendly": (2 * K, 0, 2 * K),
    "cycle diffusion": (2 * K, 0, 2 * K),
    "edict": (4 * K, 4 * K, 4 * K),
    "bdia": (2 * K, 2 * (K - 1), 2 * (K - 1)),
    "belm": (2 * K, 2 * (K - 1), 2 * (K - 1)),
}


@pytest.mark.parametrize("name", NAMES)
def test_the_cost_is_that_of_the_formula(name):
    model, batch, invert = model_of(), edit_batch(2), methods(K)[name]
    inversion, back, edit = COSTS[name]
    spent, found = calls_of(model, lambda: invert(model, batch))
    assert spent == {"trace.forward": 2 * inversion}
    spent, _ = calls_of(model, lambda: reconstruct(invert, model, batch))
    sampled = {"sample.forward": 2 * back} if back else {}
    assert spent == {"trace.forward": 2 * inversion} | sampled
    editor, schedule = SampleTarget(omega=2.0), invert.schedule(model)
    spent, _ = calls_of(model, lambda: editor(model, schedule, found, batch))
    assert spent == {"sample.forward": 2 * edit}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "direct"])
def test_the_caption_as_target_is_the_reconstruction(name):
    """Direct's row of the target is left alone, so that it is DDIM's."""
    model, batch, invert = model_of(), tiny_batch(), methods(K)[name]
    found = invert(model, batch)
    made = SampleTarget(omega=2.0)(model, invert.schedule(model), found, batch).z
    torch.testing.assert_close(made, found.reconstruction, rtol=0, atol=1e-8)


def test_directs_edit_is_ddims_and_its_own_row_is_what_offsets_put_back():
    """The loop of PnPInversion's ``offset_calculate``, written out."""
    model, batch = model_of(), edit_batch()
    invert = methods(K)["direct"]
    found, schedule = invert(model, batch), invert.schedule(model)
    made = SampleTarget(omega=7.5)(model, schedule, found, batch).z
    target, source = found.path[:, -1], found.path[:, -1]
    of_target = Guidance.of(model, batch.targets, K, 7.5)
    of_source = Guidance(found.null, found.cond, 7.5)
    with torch.no_grad():
        for index, step in enumerate(schedule):
            target = step.denoise(target, of_target.at(model, index)(target, step.t))
            landed = step.denoise(source, of_source.at(model, index)(source, step.t))
            offset = found.path[:, -2 - index] - landed
            source = landed + offset
            torch.testing.assert_close(source, found.retraced[:, -2 - index])
    torch.testing.assert_close(made, target)


def test_edit_friendly_levels_are_independent_and_of_the_pictures_seed():
    model, batch = model_of(), tiny_batch()
    invert = methods(20)["edit friendly"]
    found, schedule = invert(model, batch), invert.schedule(model)
    z = found.path[:, :1]
    levels = torch.tensor([step.alpha for step in reversed(schedule)]).double()[:, None, None, None]
    noise = (found.path[:, 1:] - levels.sqrt() * z) / (1 - levels).sqrt()
    flat = noise.flatten(2).flatten(0, 1)
    correlations = torch.corrcoef(flat) - torch.eye(len(flat)).double()
    assert correlations.abs().max() < 0.2  # of 60 vectors of 1,024 numbers
    assert flat.std() == pytest.approx(1, abs=0.02)
    alone = invert(model, batch.select([1]))
    torch.testing.assert_close(alone.path[0], found.path[1])
    moved = invert(model, replace(batch, seeds=(5, 6, 7)))
    assert (moved.path[:, 1:] - found.path[:, 1:]).abs().mean() > 0.1


@dataclass(frozen=True)
class Half:
    """A mask of the left half, after every step."""

    @contextmanager
    def __call__(self, model, schedule, inversion, batch):  # noqa: ARG002
        mask = torch.zeros(len(batch), 1, 16, 16, dtype=torch.bool)
        mask[..., :8] = True
        yield lambda _: mask


@pytest.mark.parametrize("name", NAMES)
def test_a_mask_keeps_the_background_and_nothing_else(name):
    model, batch, invert = model_of(), edit_batch(2), methods(5)[name]
    found, schedule = invert(model, batch), invert.schedule(model)
    half = SampleTarget(Half(), omega=2.0)(model, schedule, found, batch).z
    whole = SampleTarget(omega=2.0)(model, schedule, found, batch).z
    torch.testing.assert_close(half[..., 8:], found.path[:, 0][..., 8:])
    assert (half - found.path[:, 0])[..., :8].abs().mean() > 0.01
    assert (half - whole)[..., :8].abs().max() > 1e-6  # the background reaches over by the UNet
    # The caption as its own target is the picture, masked or not.
    same = replace(batch, targets=batch.captions)
    again = SampleTarget(Half(), omega=2.0)(model, schedule, found, same).z
    if name != "direct":
        torch.testing.assert_close(again, found.path[:, 0], rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("steps", "start"), [(5, 0.2), (5, 0.0), (3, 0.4)])
def test_attention_masks_work_where_a_mover_predicts_nothing_at_first(name, steps, start):
    model, batch, invert = model_of(), edit_batch(2), methods(steps)[name]
    found, schedule = invert(model, batch), invert.schedule(model)
    mask = AttentionMask(0.5, start=start)
    at_once = SampleTarget(mask, omega=2.0)(model, schedule, found, batch)

    class Forgets(AttentionMask):  # says nothing of what it reads: no step is shared
        pass

    whole = SampleTarget(Forgets(0.5, start=start), omega=2.0)(model, schedule, found, batch)
    assert at_once.mask is not None
    assert whole.mask is not None
    torch.testing.assert_close(at_once.z, whole.z)
    assert torch.equal(at_once.mask, whole.mask)


def as_v():
    """A model of epsilon, and one of v that says the same noise."""
    plain, model = model_of(), model_of("v_prediction")
    alphas, unet = plain.scheduler.alphas_cumprod, model.unet.forward

    def forward(z, t, *rest, **more):
        out = unet(z, t, *rest, **more)
        a = float(alphas[int(t)])
        out.sample = (out.sample - sqrt(1 - a) * z) / sqrt(a)
        return out

    model.unet.forward = forward
    return plain, model


def test_a_model_of_v_does_what_the_same_model_of_epsilon_does():
    """Every mover down, and those up that read the noise at its own level."""
    (plain, model), batch = as_v(), edit_batch(2)
    for name, invert in methods(4).items():
        found = invert(plain, batch)
        if name in ("edit friendly", "edict"):  # no step up without a second one at its end
            theirs = invert(model, batch)
            torch.testing.assert_close(theirs.path, found.path, msg=name)
            torch.testing.assert_close(theirs.retraced, found.retraced, msg=name)
        schedules = invert.schedule(plain), invert.schedule(model)
        edits = (
            SampleTarget(omega=2.0)(each, schedule, found, batch).z
            for each, schedule in zip((plain, model), schedules, strict=True)
        )
        torch.testing.assert_close(*edits, msg=name)


def test_tuning_and_contrasts_are_the_same_on_a_model_of_v():
    (plain, model), batch = as_v(), edit_batch(2)
    path = Trace(steps=3)(plain, batch)

    @dataclass(frozen=True)
    class Given(Trace):
        def __call__(self, model, batch):  # noqa: ARG002
            return path

    for kind in (PromptTuning, NullText):
        invert = kind(Given(steps=3), omega=3.0, iterations=2)
        ours, theirs = invert(plain, batch), invert(model, batch)
        torch.testing.assert_close(ours.retraced, theirs.retraced, rtol=1e-4, atol=1e-5)
    contrast = NoiseContrast(noises=2, steps=10)
    z = path[:, 0]
    found = [contrast.difference(each, z, batch) for each in (plain, model)]
    torch.testing.assert_close(*found)
    assert found[0].max() > 0


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Edict(p=0.0), "p=0.0: the mixing weight is above 0"),
        (lambda: Edict(p=1.2), "at most 1"),
        (lambda: Edict(Levels(50), p=0.5), "after 50 is not exact any more"),
        (lambda: Bdia(gamma=0.0), "gamma=0.0: it is above 0"),
        (lambda: Bdia(Levels(50), gamma=0.5), "take fewer steps, or a weight nearer to 1"),
        (lambda: Belm(Levels(0)), "steps=0 with ratio=1.0 leaves no step to make"),
        (lambda: Belm(Levels(10, 1.5)), "ratio=1.5: it is a share of the steps"),
        (lambda: EditFriendly(eta=1.5), "eta=1.5: choose from 0"),
        (lambda: EditFriendly(eta=-0.1), "eta=-0.1"),
        (lambda: EditFriendly(Levels(5, ratio=0.1)), "leaves no step to make"),
    ],
)
def test_settings_that_no_inversion_can_have_are_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()
