"""Movers undo themselves, and are the formulas of their papers."""

from math import sqrt

import pytest
import torch

from baselines.bdia import BothDirections
from baselines.belm import Optimal
from baselines.edict import Coupled
from pti.diffusion.movers import State
from tests.tiny import tiny_model


@pytest.mark.parametrize("mover", [Coupled(0.8), BothDirections(0.9), Optimal()])
@pytest.mark.parametrize("steps", [1, 2, 3, 8])
def test_a_mover_undoes_itself_in_both_orders(mover, steps):
    schedule = tiny_model().schedule(steps)

    def predict(z, t):
        return torch.sin(3 * z + t / 100).flip(-1)

    z = torch.randn(2, 4, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    state = State(z)
    for index in reversed(range(steps)):
        state = mover.up(schedule, index, state, predict)
    top = state
    for _ in range(2):
        for index in range(steps):
            state = mover.down(schedule, index, state, predict)
        torch.testing.assert_close(state.z, z, rtol=0, atol=1e-8)
        for index in reversed(range(steps)):
            state = mover.up(schedule, index, state, predict)
        torch.testing.assert_close(state.z, top.z, rtol=0, atol=1e-6)


# The formulas, written out with levels numbered as in the papers: 0 is clean, K the noisiest.


def levels_of(schedule):
    alphas = [schedule[-1].alpha_previous, *(step.alpha for step in reversed(schedule))]
    times = [0, *(step.t for step in reversed(schedule))]
    return [sqrt(a) for a in alphas], [sqrt(1 - a) for a in alphas], times


def toy(z, t):
    return torch.cos(2 * z + t / 300)


def climbed(mover, schedule, z):
    states = [State(z)]
    for index in reversed(range(len(schedule))):
        states.append(mover.up(schedule, index, states[-1], toy))
    return [state.z for state in states], states[-1].partner


def start():
    generator = torch.Generator().manual_seed(3)
    return torch.randn(2, 4, 4, 4, generator=generator, dtype=torch.float64)


def test_edict_is_its_paper_written_out():
    schedule, p, z = tiny_model().schedule(4), 0.93, start()
    al, si, times = levels_of(schedule)
    pair = [z, z]
    for i in range(1, 5):  # from level i - 1 to i
        scale = al[i - 1] / al[i]
        shift = si[i - 1] - scale * si[i]
        x, y = pair
        y = (y - (1 - p) * x) / p
        x = (x - (1 - p) * y) / p
        pair = [x, y]
        first = (4 - i) % 2  # the latent that steps first on the way down
        for one in (1 - first, first):
            pair[one] = (pair[one] - shift * toy(pair[1 - one], times[i])) / scale
    found, partner = climbed(Coupled(p), schedule, z)
    torch.testing.assert_close(found[-1], pair[0])
    torch.testing.assert_close(partner, pair[1])


def test_bdia_is_its_paper_written_out():
    schedule, gamma, z = tiny_model().schedule(4), 0.9, start()
    al, si, times = levels_of(schedule)

    def ddim(z, noise, i, j):
        return al[j] * (z - si[i] * noise) / al[i] + si[j] * noise

    noise = toy(z, times[1])
    xs = [z, al[1] / al[0] * z + (si[1] - al[1] / al[0] * si[0]) * noise]
    for i in range(1, 4):
        noise = toy(xs[i], times[i])
        down, up = ddim(xs[i], noise, i, i - 1), ddim(xs[i], noise, i, i + 1)
        xs.append(xs[i - 1] / gamma - down / gamma + up)
    found, partner = climbed(BothDirections(gamma), schedule, z)
    for ours, theirs in zip(found, xs, strict=True):
        torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(partner, xs[-2])


def test_belm_is_its_paper_written_out():
    schedule, z = tiny_model().schedule(4), start()
    al, si, times = levels_of(schedule)
    h = [0.0, *(si[i] / al[i] - si[i - 1] / al[i - 1] for i in range(1, 5))]
    noise = toy(z, times[1])
    xs = [z, al[1] / al[0] * z + (si[1] - al[1] / al[0] * si[0]) * noise]
    for i in range(1, 4):
        noise, near, far = toy(xs[i], times[i]), h[i], h[i + 1]
        xs.append(
            far**2 / near**2 * al[i + 1] / al[i - 1] * xs[i - 1]
            + (near**2 - far**2) / near**2 * al[i + 1] / al[i] * xs[i]
            + far * (near + far) / near * al[i + 1] * noise
        )
    found, _ = climbed(Optimal(), schedule, z)
    for ours, theirs in zip(found, xs, strict=True):
        torch.testing.assert_close(ours, theirs)
