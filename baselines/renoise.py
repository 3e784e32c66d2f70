"""ReNoise (Garibi et al., 2024, arXiv:2403.14602): the mean of the last predictions of a step."""

from dataclasses import dataclass, field

from baselines.fixed_point import FixedPoint
from pti.diffusion.fixed_point import Iteration
from pti.diffusion.step import Step


@dataclass(frozen=True)
class ReNoise(FixedPoint):
    """Renoises a number of times, and takes the step by the mean of the last predictions.

    ``early`` solves the steps to timesteps below ``early_below``, where iteration converges least.
    Their regularisation of the predicted noise, which serves editing, is left out.
    """

    solver: Iteration = field(default_factory=lambda: Iteration(iterations=10, mean_of=2))
    early: Iteration = field(default_factory=lambda: Iteration(iterations=5, mean_of=5))
    early_below: int = 250

    def solver_of(self, step: Step) -> Iteration:
        """By the timestep that the step leads to."""
        return self.early if step.t < self.early_below else self.solver
