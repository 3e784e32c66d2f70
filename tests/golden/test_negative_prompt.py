"""Negative-Prompt Inversion against a loop written out, and what it costs."""

import pytest
import torch

from baselines.ddim import Ddim
from baselines.negative_prompt import NegativePrompt
from pti.diffusion.calls import Calls
from pti.diffusion.editing import SampleTarget
from pti.diffusion.trace import Trace
from tests.tiny import tiny_batch, tiny_model

pytestmark = pytest.mark.golden
TRACE = Trace(steps=4, omega=1.0)


def test_an_edit_is_guided_from_the_caption_to_the_target():
    model, batch = tiny_model(), tiny_batch()
    inversion = NegativePrompt(TRACE)(model, batch)
    made = SampleTarget(omega=7.5)(model, TRACE.schedule(model), inversion, batch).z

    source, target = model.embed(batch.captions), model.embed(batch.targets)
    z = inversion.path[:, -1]
    with torch.no_grad():
        for step in TRACE.schedule(model):
            from_source, to_target = (model.predict(z, step.t, c) for c in (source, target))
            z = step.denoise(z, from_source + 7.5 * (to_target - from_source))
    torch.testing.assert_close(made, z)


def test_its_reconstruction_is_ddim_s_at_omega_1():
    model, batch = tiny_model(), tiny_batch()
    made, plain = NegativePrompt(TRACE)(model, batch), Ddim(TRACE, omega=1.0)(model, batch)
    torch.testing.assert_close(made.retraced, plain.retraced)


def test_it_costs_two_forwards_a_step_and_two_more_to_edit():
    model, batch = tiny_model(), tiny_batch(1)
    inversion = NegativePrompt(TRACE)(model, batch)
    assert model.calls == Calls({("trace", "forward"): 4, ("sample", "forward"): 4})
    SampleTarget()(model, TRACE.schedule(model), inversion, batch)
    assert model.calls.forward == 4 + 4 + 2 * 4
