"""Eta Inversion: the authors' loop written out, its limits, and its cost."""

import pytest
import torch

from baselines.direct import Direct
from baselines.eta_inversion import EtaInversion
from pti.diffusion.calls import Calls
from pti.diffusion.editing import SampleTarget
from pti.diffusion.noise import noise
from pti.diffusion.trace import Trace
from tests.tiny import edit_batch, tiny_model

pytestmark = pytest.mark.golden
TRACE = Trace(steps=5, omega=1.0)
ETA = EtaInversion(TRACE, omega=3.0, eta=0.8, begin=0.3, draws=4)


def edited(invert, model, batch, omega=3.0):
    found = invert(model, batch)
    return found, SampleTarget(omega=omega)(model, invert.schedule(model), found, batch).z


def test_the_edit_is_that_of_their_loop():
    """Both rows in one loop: the draw is chosen by the source's, which is then put back."""
    model, batch = tiny_model(), edit_batch()
    found, made = edited(ETA, model, batch)
    alphas, prompts = model.scheduler.alphas_cumprod, (batch.captions, batch.targets)
    null, *contexts = (model.embed(p) for p in ([""] * len(batch), *prompts))
    target = found.path[:, -1]
    with torch.no_grad():
        for index, t in enumerate(range(801, 0, -200)):
            a, b = alphas[t], alphas[max(t - 200, 0)]
            eta = 0.8 * max(0, (t / 999 - 0.3) / 0.7)
            sigma = eta * ((1 - b) / (1 - a) * (1 - a / b)) ** 0.5
            means = []
            for z, context in zip((found.path[:, -1 - index], target), contexts, strict=True):
                empty, full = (model.predict(z, t, c) for c in (null, context))
                out = empty + 3.0 * (full - empty)
                clean = (z - (1 - a) ** 0.5 * out) / a**0.5
                means.append(b**0.5 * clean + (1 - b - sigma**2) ** 0.5 * out)
            target = means[1]
            if sigma > 0:
                wanted = (found.path[:, -2 - index] - means[0]) / sigma
                streams = (f"baselines.eta_inversion/{draw}" for draw in range(4))
                drawn = [noise(batch.seeds, stream, t, wanted) for stream in streams]
                for row in range(len(batch)):
                    best = min(drawn, key=lambda n, row=row: float((n - wanted)[row].norm()))
                    target[row] += sigma * best[row]
    torch.testing.assert_close(made, target)


def test_without_noise_it_is_direct_inversion():
    model, batch = tiny_model(), edit_batch()
    _, made = edited(EtaInversion(TRACE, eta=0.0), model, batch)
    torch.testing.assert_close(made, edited(Direct(TRACE), model, batch)[1])


def test_the_more_draws_the_nearer_is_the_picture_s_row_to_its_trajectory():
    model, batch = tiny_model(), edit_batch()
    missed = []
    for draws in (1, 30):
        invert = EtaInversion(TRACE, omega=3.0, begin=0.0, draws=draws)
        found, schedule = invert(model, batch), invert.schedule(model)
        assert found.residuals is not None
        z, step = found.path[:, -1], schedule[0]
        null, cond = model.embed([""] * len(batch)), model.embed(batch.captions)
        with torch.no_grad():
            empty, full = (model.predict(z, step.t, c) for c in (null, cond))
        landed = step.denoise(z, empty + 3.0 * (full - empty)) + found.residuals[:, 0]
        missed.append((landed - found.path[:, -2]).flatten(1).norm(dim=1))
    assert (missed[1] < missed[0]).all()


def test_only_the_steps_with_noise_cost_a_guided_call():
    model, batch = tiny_model(), edit_batch(1)
    invert = EtaInversion(TRACE, begin=0.5)
    assert [step.sigma > 0 for step in invert.schedule(model)] == [True, True, False, False, False]
    invert(model, batch)
    assert model.calls == Calls({("trace", "forward"): 5 + 2 * 2})


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"eta": 2.0}, "eta="), ({"begin": 1.0}, "begin="), ({"draws": 0}, "draws=")],
)
def test_what_can_not_be_is_refused(fields, said):
    with pytest.raises(ValueError, match=said):
        EtaInversion(**fields)
