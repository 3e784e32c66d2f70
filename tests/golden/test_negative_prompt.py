"""Negative-Prompt Inversion against a loop written out, and what it costs."""

import pytest
import torch
from scipy.spatial import geometric_slerp

from baselines.ddim import Ddim
from baselines.negative_prompt import NegativePrompt, along_arc
from pti.diffusion.calls import Calls
from pti.diffusion.editing import SampleTarget
from pti.diffusion.trace import Trace
from pti.method import reconstruct
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
    plain = Ddim(TRACE, omega=1.0)(model, batch)
    made = reconstruct(NegativePrompt(TRACE), model, batch)
    torch.testing.assert_close(made, plain.reconstruction)


def test_it_costs_a_forward_a_step_one_more_to_sample_back_and_two_to_edit():
    model, batch = tiny_model(), tiny_batch(1)
    inversion = NegativePrompt(TRACE)(model, batch)
    assert model.calls == Calls({("trace", "forward"): 4})
    SampleTarget()(model, TRACE.schedule(model), inversion, batch)
    assert model.calls.forward == 4 + 2 * 4
    reconstruct(NegativePrompt(TRACE), model, batch)
    assert model.calls.forward == 4 + 2 * 4 + 4 + 4


def test_without_the_caption_s_share_it_is_guided_from_the_empty_prompt():
    model, batch = tiny_model(), tiny_batch()
    made = reconstruct(NegativePrompt(TRACE, share=0.0, omega=3.0), model, batch)
    torch.testing.assert_close(made, Ddim(TRACE, omega=3.0)(model, batch).reconstruction)


def test_the_null_embedding_lies_on_the_arc():
    generator = torch.Generator().manual_seed(0)
    start, end = torch.randn(2, 3, 5, 8, generator=generator, dtype=torch.float64)
    start, end = (one / one.flatten(1).norm(dim=1)[:, None, None] for one in (start, end))
    end[2] = 2 * start[2]
    found = along_arc(start, end, 0.3)
    for row in (0, 1):
        arc = geometric_slerp(start[row].flatten().numpy(), end[row].flatten().numpy(), 0.3)
        torch.testing.assert_close(found[row].flatten(), torch.from_numpy(arc))
    torch.testing.assert_close(found[2], 1.3 * start[2])
    assert torch.equal(along_arc(start, end, 1.0), end)


def test_a_share_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"share=1\.5"):
        NegativePrompt(share=1.5)
    with pytest.raises(ValueError, match="needs omega"):
        NegativePrompt(share=0.5)
