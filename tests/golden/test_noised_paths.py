"""CycleDiffusion against diffusers' functions, the law of its chain, and SDEdit's path."""

from math import sqrt
from typing import Any

import pytest
import torch
from diffusers import DDIMScheduler
from diffusers.pipelines.deprecated.stable_diffusion_variants import pipeline_cycle_diffusion

from baselines.cycle_diffusion import CycleDiffusion
from baselines.edit_friendly import EditFriendly
from baselines.sdedit import SdEdit
from pti.diffusion.editing import SampleTarget
from pti.diffusion.noise import noise
from pti.diffusion.trace import Levels
from pti.method import reconstruct
from tests.tiny import edit_batch, tiny_batch, tiny_model

pytestmark = pytest.mark.golden
MODULE = "baselines.cycle_diffusion"


def test_the_chain_and_its_residuals_are_those_of_diffusers(monkeypatch):
    model, batch = tiny_model(), tiny_batch()
    theirs: Any = DDIMScheduler.from_config(model.scheduler.config)
    theirs.set_timesteps(4)
    theirs.alphas_cumprod = model.scheduler.alphas_cumprod
    found = CycleDiffusion(Levels(4), eta=0.7)(model, batch)
    schedule, clean = CycleDiffusion(Levels(4), eta=0.7).schedule(model), found.path[:, 0]
    assert found.residuals is not None
    assert [step.t for step in schedule] == theirs.timesteps.tolist()
    caption = model.embed(batch.captions)
    for index, step in enumerate(schedule):
        z, landed = found.path[:, -1 - index], found.path[:, -2 - index]
        drawn = noise(batch.seeds, MODULE, step.t, z)
        monkeypatch.setattr(
            pipeline_cycle_diffusion, "randn_tensor", lambda *_, drawn=drawn, **__: drawn
        )
        t = theirs.timesteps[index]
        sampled = pipeline_cycle_diffusion.posterior_sample(theirs, z, t, clean, None, 0.7)
        torch.testing.assert_close(landed, sampled)
        out = model.predict(z, step.t, caption)
        if index < 3:  # at the last, theirs divides by a noise level that they do not add
            own = pipeline_cycle_diffusion.compute_noise(theirs, landed, z, t, out, 0.7)
            torch.testing.assert_close(found.residuals[:, index], step.sigma * own)


def many(kind):
    """The noise of each level of a path, in units of its standard deviation, for 400 seeds."""
    model, count = tiny_model(), 400
    made = kind(Levels(6))
    schedule, z = made.schedule(model), torch.zeros(count, 4, 2, 2, dtype=torch.float64)
    path = made.noised(schedule, z, tuple(range(count)))[:, 1:]
    scales = [sqrt(1 - step.alpha) for step in reversed(schedule)]
    return path / torch.tensor(scales)[:, None, None, None]


@pytest.mark.parametrize("kind", [CycleDiffusion, EditFriendly])
def test_every_level_has_the_noise_of_its_timestep(kind):
    spread = many(kind).std(dim=(0, 2, 3, 4))
    torch.testing.assert_close(spread, torch.ones_like(spread), rtol=0, atol=0.04)


def test_neighbours_share_noise_in_a_chain_alone():
    """The correlation of neighbouring levels under q: sqrt(SNR of the noisier / of the cleaner)."""

    def shared(kind):
        noised = many(kind)
        return (noised[:, 1:] * noised[:, :-1]).mean(dim=(0, 2, 3, 4))

    alphas = [step.alpha for step in reversed(CycleDiffusion(Levels(6)).schedule(tiny_model()))]
    snrs = torch.tensor([alpha / (1 - alpha) for alpha in alphas], dtype=torch.float64)
    expected = (snrs[1:] / snrs[:-1]).sqrt()
    torch.testing.assert_close(shared(CycleDiffusion), expected, rtol=0, atol=0.05)
    assert shared(EditFriendly).abs().max() < 0.05


def test_a_chain_begins_where_a_level_has_no_signal():
    """Zero terminal SNR: the clean latent is known, and nothing is divided by its share there."""
    model, batch = tiny_model(), tiny_batch()
    model.scheduler.register_to_config(prediction_type="v_prediction")
    model.scheduler.alphas_cumprod[-199:] = 0.0
    invert = CycleDiffusion(Levels(5))
    assert invert.schedule(model)[0].alpha == 0
    found = invert(model, batch)
    assert all(tensor.isfinite().all() for tensor in found.tensors().values())
    torch.testing.assert_close(found.retraced, found.path)


def test_a_chain_without_noise_is_refused():
    with pytest.raises(ValueError, match="eta=0"):
        CycleDiffusion(eta=0.0)


def test_sdedit_samples_from_the_noised_picture():
    model, batch = tiny_model(), edit_batch()
    invert = SdEdit(Levels(5, ratio=0.6), omega=1.0)
    found, schedule, z = (
        invert(model, batch),
        invert.schedule(model),
        model.encode(batch.images),
    )
    assert model.calls.forward == 0
    drawn = noise(batch.seeds, "baselines.sdedit", 0, z)
    noised = model.scheduler.add_noise(z, drawn, torch.tensor(schedule[0].t))
    torch.testing.assert_close(found.path[:, -1], noised)
    for prompts, made in (
        (batch.captions, reconstruct(invert, model, batch)),
        (batch.targets, SampleTarget(omega=1.0)(model, schedule, found, batch).z),
    ):
        with torch.no_grad():
            z = noised
            for step in schedule:
                z = step.denoise(z, model.predict(z, step.t, model.embed(prompts)))
        torch.testing.assert_close(made, z)
