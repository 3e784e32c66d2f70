"""Fixed points: convergence on maps whose solution is known, the papers' loops, and costs."""

from dataclasses import replace

import pytest
import torch

from baselines.fixed_point import FixedPoint
from baselines.renoise import ReNoise
from pti.diffusion.calls import Calls
from pti.diffusion.fixed_point import Iteration
from pti.diffusion.trace import Levels, Trace
from pti.method import reconstruct
from tests.tiny import tiny_batch, tiny_model

pytestmark = pytest.mark.golden
ANDERSON = Iteration(8, window=4, weights="anderson")
SOLVERS = {
    "plain": Iteration(8),
    "mean of two": Iteration(8, window=2),
    "damped": Iteration(8, mixing=0.7),
    "anderson": ANDERSON,
}


class Linear:
    """z -> M z + c for each image by itself, where M shrinks by ``by`` at most."""

    def __init__(self, by=0.8, images=3, size=9):
        generator = torch.Generator().manual_seed(3)
        matrices, self.c = (
            torch.randn(images, size, width, generator=generator, dtype=torch.float64)
            for width in (size, 1)
        )
        self.m = by * matrices / torch.linalg.matrix_norm(matrices, ord=2)[:, None, None]
        identity = torch.eye(size, dtype=torch.float64)
        self.solution = self._shaped(torch.linalg.solve(identity - self.m, self.c))
        self.start = torch.zeros_like(self.solution)

    def __call__(self, z, rows):
        return self._shaped(self.m[rows] @ z.flatten(1)[..., None] + self.c[rows])

    def _shaped(self, z):
        return z.reshape(len(z), 1, 3, 3)


def off(linear, solver):
    """The distance of each image's result from the solution, and the residuals."""
    found, residuals = solver(linear, linear.start)
    return (found - linear.solution).flatten(1).norm(dim=1), residuals


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_the_residual_falls_where_the_map_contracts(solver):
    few, _ = off(Linear(), solver)
    many, residuals = off(Linear(), replace(solver, iterations=60))
    assert (many < few).all()
    assert (many < 1e-4).all()
    assert (residuals[:, -1] < 1e-9 * residuals[:, 0]).all()


def test_plain_iteration_falls_by_as_much_as_the_map_contracts():
    _, residuals = off(Linear(by=0.5), Iteration(12))
    assert (residuals[:, 1:] <= 0.5**2 * residuals[:, :-1]).all()


def test_anderson_is_nearer_than_plain_iteration():
    assert (off(Linear(), ANDERSON)[0] < 0.5 * off(Linear(), Iteration(8))[0]).all()


def test_anderson_solves_a_linear_map_once_its_window_spans_the_space():
    whole = Iteration(11, window=10, weights="anderson")
    assert (off(Linear(), whole)[0] < 1e-6).all()


def test_anderson_is_the_public_implementation_s():
    """The loop of ``AndersonAcceleration`` of wmchen/diffusion-inversion, with a window of 3."""
    linear = Linear()
    vectors = [linear.start.flatten(1)]
    images = [linear(linear.start, torch.arange(3)).flatten(1)]
    for count in range(1, 4):
        stacked = torch.stack([r - z for z, r in zip(vectors, images, strict=True)], dim=1)[:, -4:]
        weights = torch.linalg.inv(stacked @ stacked.mT).sum(2)
        weights = weights / weights.sum(1, keepdim=True)
        following = (weights[..., None] * torch.stack(images, dim=1)[:, -4:]).sum(1)
        found, _ = Iteration(count, window=4, weights="anderson")(linear, linear.start)
        torch.testing.assert_close(found.flatten(1), following)
        vectors.append(following)
        images.append(linear(following.reshape(3, 1, 3, 3), torch.arange(3)).flatten(1))


def test_where_a_map_does_not_contract_the_best_iterate_is_kept():
    linear = Linear(by=3.0)
    found, residuals = Iteration(12)(linear, linear.start)
    kept = (linear(found, torch.arange(3)) - found).square().flatten(1).mean(1)
    torch.testing.assert_close(kept, residuals[:, 1:].min(dim=1).values)
    assert (residuals[:, -1] > residuals[:, 1:].min(dim=1).values).all()


def test_an_image_stops_by_itself_once_its_residual_is_small():
    linear = Linear(by=0.9)
    linear.m[1] *= 0.1
    solver, asked = Iteration(40, tolerance=1e-6), []

    def counted(z, rows):
        asked.append(len(rows))
        return linear(z, rows)

    found, residuals = solver(counted, linear.start)
    made = residuals.isfinite().sum(1)
    assert made[1] < made[0]
    assert sum(asked) == made.sum()
    last = residuals[torch.arange(3), made - 1]
    assert ((last < 1e-6) | (made == 40)).all()
    for row in range(3):
        alone = solver(lambda z, _, row=row: linear(z, torch.tensor([row])), linear.start[[row]])
        torch.testing.assert_close(found[[row]], alone[0])


def contractive(prediction="epsilon"):
    """A tiny model whose predictions hardly depend on the latent's details."""
    model = tiny_model()
    model.unet.conv_out.weight.data *= 0.05
    model.scheduler.register_to_config(prediction_type=prediction)
    return model


@pytest.mark.parametrize("omega", [1.0, 3.0])
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_a_solved_step_leads_back_down_to_where_it_began(prediction, omega):
    model, batch = contractive(prediction), tiny_batch()
    start = model.encode(batch.images)
    solved = FixedPoint(Levels(5), omega=omega, solver=Iteration(40, window=4, weights="anderson"))
    back = reconstruct(solved, model, batch)
    torch.testing.assert_close(back, start, rtol=0, atol=1e-7)
    plain = reconstruct(FixedPoint(Levels(5), omega=omega, solver=Iteration(1)), model, batch)
    assert (plain - start).abs().max() > 1e-3


def test_the_residual_of_a_network_falls_and_falls_faster_with_anderson():
    model, batch = contractive(), tiny_batch()
    plain, anderson = (
        FixedPoint(Levels(5), omega=3.0, solver=solver)(model, batch).losses
        for solver in (SOLVERS["plain"], ANDERSON)
    )
    assert (plain[..., 1:5] < plain[..., :4]).all()  # the last ones are rounding
    assert (anderson[..., -1].sum(1) < plain[..., -1].sum(1)).all()


def test_one_iteration_is_ddim_inversion():
    model, batch = tiny_model(), tiny_batch()
    made = FixedPoint(Levels(5), omega=1.0, solver=Iteration(1))(model, batch)
    torch.testing.assert_close(made.path, Trace(steps=5, omega=1.0)(model, batch))


def of_timestep(model, batch, step, landed):
    """R of one step, for the caption: Eq. 6 with the network's word on the latent it leads to."""
    caption = model.embed(batch.captions)

    def undone(z):
        out = model.predict(z, step.t, caption)
        clean = (landed - (1 - step.alpha_previous) ** 0.5 * out) / step.alpha_previous**0.5
        return step.alpha**0.5 * clean + (1 - step.alpha) ** 0.5 * out

    return undone


def test_aidi_e_is_the_mean_of_the_last_two_updates():
    model, batch = contractive(), tiny_batch()
    invert = FixedPoint(Levels(4), solver=Iteration(4, window=2))
    z = model.encode(batch.images)
    with torch.no_grad():
        for step in reversed(invert.schedule(model)):
            undone = of_timestep(model, batch, step, z)
            before, now = undone(z), undone(undone(z))
            tried = [undone(z), (before + now) / 2]
            for _ in range(2):
                tried.append((undone(tried[-2]) + undone(tried[-1])) / 2)
            z = tried[-1]
    torch.testing.assert_close(invert(model, batch).path[:, -1], z)


def test_renoise_takes_the_step_by_the_mean_of_its_last_predictions():
    """Their ``inversion_step`` without regularisation: 9 renoisings, or 5 below t=250."""
    model, batch = tiny_model(), tiny_batch()
    invert, caption = ReNoise(Levels(5)), model.embed(batch.captions)
    z = model.encode(batch.images)
    with torch.no_grad():
        for step in reversed(invert.schedule(model)):
            early = step.t < 250
            undone, guess = of_timestep(model, batch, step, z), z
            outs = []
            for _ in range(6 if early else 10):
                outs.append(model.predict(guess, step.t, caption))
                guess = undone(guess)
            mean = torch.stack(outs[0:5] if early else outs[8:10]).mean(0)
            z = step.renoise(z, mean)
    torch.testing.assert_close(invert(model, batch).path[:, -1], z)


def test_the_cost_and_the_residuals_are_those_of_every_step():
    model, batch = tiny_model(), tiny_batch()
    made = FixedPoint(Levels(5, ratio=0.8), omega=3.0, solver=Iteration(6))(model, batch)
    assert model.calls == Calls({("trace", "forward"): 3 * 2 * 4 * 6})
    assert made.losses.shape == (3, 4, 6)
    made = ReNoise(Levels(5))(model, batch)
    assert made.losses.isfinite().sum(2).tolist() == [[10, 10, 10, 5, 5]] * 3


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"iterations": 0}, "iterations=0"),
        ({"window": 0}, "window=0"),
        ({"mixing": 0.0}, "mixing=0.0"),
        ({"mixing": 1.5}, "mixing=1.5"),
        ({"tolerance": -1.0}, "tolerance=-1.0"),
        ({"mean_of": 7}, "mean_of=7"),
    ],
)
def test_what_no_iteration_can_be_is_refused(fields, said):
    with pytest.raises(ValueError, match=said):
        Iteration(**fields)
