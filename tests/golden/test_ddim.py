"""DDIM moves against diffusers' own schedulers, and against values worked out by hand."""

from typing import Any

import pytest
import torch
from diffusers import DDIMInverseScheduler, DDIMScheduler

from pti.diffusion.ddim import Schedule

SD: dict[str, Any] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
    "set_alpha_to_one": False,
}
ALPHAS = DDIMScheduler(**SD).alphas_cumprod.double()


@pytest.mark.golden
@pytest.mark.parametrize("steps", [10, 50])
def test_both_directions_match_diffusers(steps):
    forward: Any = DDIMScheduler(**SD, steps_offset=1)
    inverse: Any = DDIMInverseScheduler(**SD, steps_offset=1)
    for scheduler in (forward, inverse):
        scheduler.set_timesteps(steps)
    schedule = Schedule.spaced(forward.alphas_cumprod, steps=steps, offset=1)
    z, eps = torch.randn(2, 1, 4, 8, 8, generator=torch.Generator().manual_seed(0))

    assert [step.t for step in schedule] == forward.timesteps.tolist()
    for step in schedule:
        torch.testing.assert_close(step.denoise(z, eps), forward.step(eps, step.t, z).prev_sample)
        torch.testing.assert_close(step.denoise(step.renoise(z, eps), eps), z)


@pytest.mark.golden
def test_inverse_timesteps_match_diffusers():
    inverse: Any = DDIMInverseScheduler(**SD, steps_offset=1)
    inverse.set_timesteps(50)
    schedule = Schedule.spaced(inverse.alphas_cumprod, steps=50, offset=1)

    assert [step.t for step in reversed(schedule)] == inverse.timesteps.tolist()
    z, eps = torch.randn(2, 1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    for step in schedule:
        torch.testing.assert_close(step.renoise(z, eps), inverse.step(eps, step.t, z).prev_sample)


@pytest.mark.parametrize(
    ("t", "shift"),
    [(981, -0.1233), (781, -0.0893), (481, -0.0558), (181, -0.0414), (81, -0.0460), (1, -0.0121)],
)
def test_known_shifts(t, shift):
    step = next(step for step in Schedule.spaced(ALPHAS, steps=50, offset=1) if step.t == t)
    assert step.shift == pytest.approx(shift, abs=6e-5)


def test_offset_0_leaves_out_the_move_that_changes_nothing():
    schedule = Schedule.spaced(ALPHAS, steps=50, offset=0)
    assert [step.t for step in schedule] == list(range(980, 0, -20))


def test_the_encoding_ratio_keeps_the_last_moves():
    schedule = Schedule.spaced(ALPHAS, steps=50, ratio=0.8, offset=1)
    assert len(schedule) == 40
    assert schedule[0].t == 781


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"steps": 50, "ratio": 0.01}, {"steps": 1000}])
def test_a_schedule_without_steps_is_refused(wrong):
    with pytest.raises(ValueError, match="steps="):
        Schedule.spaced(ALPHAS, offset=1, **wrong)
