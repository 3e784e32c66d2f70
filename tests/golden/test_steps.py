"""A step for each prediction against diffusers' schedulers, with and without noise."""

from math import sqrt
from typing import Any

import pytest
import torch
from diffusers import DDIMInverseScheduler, DDIMScheduler
from diffusers.pipelines.ledits_pp.pipeline_leditspp_stable_diffusion import compute_noise_ddim

from pti.diffusion.ddim import Schedule
from pti.diffusion.step import Step
from tests.golden.test_ddim import SD as ROUND

SD: dict[str, Any] = {**ROUND, "steps_offset": 1}
PREDICTIONS = ("epsilon", "v_prediction")


def both(prediction, steps=10, **fields):
    """Diffusers' scheduler in float64, and our schedule."""
    theirs: Any = DDIMScheduler(**SD | fields, prediction_type=prediction)
    theirs.alphas_cumprod = theirs.alphas_cumprod.double()
    theirs.final_alpha_cumprod = theirs.alphas_cumprod[0]
    theirs.set_timesteps(steps)
    spacing = fields.get("timestep_spacing", "leading")
    about: Any = {"offset": 1, "prediction": prediction, "spacing": spacing}
    return theirs, Schedule.spaced(theirs.alphas_cumprod, steps=steps, **about)


@pytest.mark.golden
def test_linspace_is_that_of_diffusers():
    theirs, schedule = both("epsilon", timestep_spacing="linspace")
    assert [step.t for step in schedule] == theirs.timesteps.tolist()[:-1]  # t=0 leads nowhere
    assert [step.t_previous for step in schedule] == theirs.timesteps.tolist()[1:]


def latents(count):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(count, 2, 4, 8, 8, generator=generator, dtype=torch.float64)


@pytest.mark.golden
@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("spacing", ["leading", "trailing"])
def test_a_step_down_is_that_of_diffusers(prediction, eta, spacing):
    theirs, schedule = both(prediction, timestep_spacing=spacing)
    z, out, noise = latents(3)
    assert [step.t for step in schedule] == theirs.timesteps.tolist()
    for step in schedule.stochastic(eta):
        found = theirs.step(out, step.t, z, eta=eta, variance_noise=noise)
        torch.testing.assert_close(step.denoise(z, out, noise), found.prev_sample)
        torch.testing.assert_close(step.clean(z, out), found.pred_original_sample)
        torch.testing.assert_close(step.diffuse(step.clean(z, out), step.noise(z, out)), z)


@pytest.mark.golden
@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_a_step_up_is_that_of_diffusers(prediction):
    inverse: Any = DDIMInverseScheduler(**SD, prediction_type=prediction)
    inverse.set_timesteps(10)
    _, schedule = both(prediction)
    z, out = latents(2)
    for step in reversed(schedule):
        theirs = inverse.step(out.float(), step.t, z.float()).prev_sample
        torch.testing.assert_close(step.renoise(z, out).float(), theirs)
        if prediction == "epsilon":
            torch.testing.assert_close(step.denoise(step.renoise(z, out), out), z)


@pytest.mark.golden
@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_what_is_kept_is_diffusers_noise(prediction):
    theirs, schedule = both(prediction)
    z, below, out = latents(3)
    for step in schedule.stochastic(1.0):
        if step.sigma < 1e-6:
            continue
        noise, _ = compute_noise_ddim(theirs, below, z, step.t, step.noise(z, out), 1.0)
        kept = below - step.denoise(z, out)
        torch.testing.assert_close(kept / step.sigma, noise, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_v_and_epsilon_are_one_step_in_two_words(prediction):
    step = Step(500, 480, 0.3, 0.4, prediction)
    z, clean = latents(2)
    noise = (z - sqrt(0.3) * clean) / sqrt(0.7)
    out = noise if prediction == "epsilon" else sqrt(0.3) * noise - sqrt(0.7) * clean
    torch.testing.assert_close(step.noise(z, out), noise)
    torch.testing.assert_close(step.clean(z, out), clean)
    there = sqrt(0.4) * clean + sqrt(0.6) * noise
    torch.testing.assert_close(step.denoise(z, out), there)
    for eta in (0.0, 0.5, 1.0):
        noisy = step.stochastic(eta)
        landed = noisy.denoise(z, out)
        expected = sqrt(0.4) * clean + sqrt(0.6 - noisy.sigma**2) * noise
        torch.testing.assert_close(landed, expected)


def test_a_v_step_from_a_level_without_signal_is_finite():
    step = Step(999, 949, 0.0, 0.01, "v_prediction").stochastic(1.0)
    z, out, noise = latents(3)
    assert step.denoise(z, out, noise).isfinite().all()
    with pytest.raises(ValueError, match="a step with noise leads up by drawing"):
        step.renoise(z, out)
    torch.testing.assert_close(step.clean(z, out), -out)
