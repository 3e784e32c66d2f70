"""Sampling and tracing against diffusers' pipeline and schedulers."""

from typing import Any

import pytest
import torch
from diffusers import DDIMInverseScheduler, StableDiffusionPipeline

from baselines.ddim import Ddim
from pti.diffusion.guidance import Guidance
from pti.diffusion.load import PARTS
from pti.diffusion.sampling import sample
from pti.diffusion.trace import Trace
from tests.tiny import CAPTIONS, tiny_batch, tiny_model


@pytest.mark.golden
@pytest.mark.parametrize("omega", [1.0, 7.5])
def test_sampling_is_stable_diffusions(omega):
    model = tiny_model()
    made: dict[str, Any] = {name: getattr(model, name) for name in PARTS}
    extras: dict[str, Any] = {"safety_checker": None, "feature_extractor": None}
    pipeline: Any = StableDiffusionPipeline(**made, **extras, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    z = torch.randn(3, 4, 16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    theirs = pipeline(
        list(CAPTIONS),
        latents=z,
        guidance_scale=omega,
        num_inference_steps=10,
        output_type="latent",
    ).images

    guidance = Guidance.of(model, CAPTIONS, 10, omega)
    ours = sample(model, model.schedule(10), z, guidance)[:, 0]

    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.golden
def test_tracing_is_diffusers_inversion():
    model, batch = tiny_model(), tiny_batch()
    scheduler: Any = DDIMInverseScheduler.from_config(model.scheduler.config)
    scheduler.set_timesteps(10)
    null = model.embed([""] * 3)
    z = model.encode(batch.images)
    path = Trace(steps=10)(model, batch)

    torch.testing.assert_close(path[:, 0], z)
    for index, t in enumerate(scheduler.timesteps):
        with torch.no_grad():
            eps = model.unet(path[:, index], t, null).sample
        theirs = scheduler.step(eps, t, path[:, index]).prev_sample
        torch.testing.assert_close(path[:, index + 1], theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("omega", "calls"), [(0.0, 10), (1.0, 10), (7.5, 20)])
def test_tracing_evaluates_no_branch_that_it_does_not_need(omega, calls):
    model, batch = tiny_model(), tiny_batch()
    Trace(steps=10, omega=omega)(model, batch)
    assert model.calls.forward == calls * len(batch)


def test_reconstruction_without_guidance_is_close():
    model, batch = tiny_model(), tiny_batch()
    apart = {
        omega: Ddim(Trace(steps=10), omega=omega)(model, batch).reconstruction
        - model.encode(batch.images)
        for omega in (0.0, 7.5)
    }
    assert apart[0.0].square().mean() < 0.1 * apart[7.5].square().mean()


def test_the_trace_can_evaluate_the_other_end_of_a_move():
    model, batch = tiny_model(), tiny_batch()
    default = Trace(steps=10)(model, batch)
    other = Trace(steps=10, timestep="source")(model, batch)
    with torch.no_grad():
        eps = model.unet(default[:, 0], 0, model.embed([""] * 3)).sample
    torch.testing.assert_close(other[:, 1], model.schedule(10)[-1].renoise(default[:, 0], eps))
    assert not torch.allclose(default[:, 1], other[:, 1])
