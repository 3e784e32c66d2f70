"""Movers that make a step from two latents of neighbouring levels, so that it can be undone."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pti.diffusion.movers import OneLatent, Predict, State
from pti.diffusion.step import Step
from pti.types import Latent


@dataclass(frozen=True)
class TwoStep(OneLatent, ABC):
    """Goes from levels i and i + 1 to level i - 1, or from i and i - 1 to i + 1.

    Both ways the network sees the latent of level i alone, once. Up, the first step is a plain one.
    At either end the partner is the next latent the other way, and nothing is predicted: going up
    and down again takes K predictions up and K - 1 down. An editor changes each latent at its own
    level, and not again when it is the partner.
    """

    exact: ClassVar[bool] = True

    def up(self, steps: Sequence[Step], index: int, state: State, predict: Predict) -> State:
        """One prediction; none where the state comes from above."""
        if state.partner is None:
            step = steps[index]
            return State(step.renoise(state.z, predict(state.z, step.t)), state.z)
        if index == len(steps) - 1:
            return State(state.partner, state.z)
        upper, lower = steps[index], steps[index + 1]
        out = predict(state.z, lower.t)
        return State(self.rise(upper, lower, state.z, state.partner, out), state.z)

    def down(self, steps: Sequence[Step], index: int, state: State, predict: Predict) -> State:
        """One prediction; none at the first step, where the state comes from below."""
        step = steps[index]
        if state.partner is None:
            return State(step.denoise(state.z, predict(state.z, step.t)), state.z)
        if index == 0:
            return State(state.partner, state.z)
        upper, lower = steps[index - 1], step
        out = predict(state.z, lower.t)
        return State(self.fall(upper, lower, state.z, state.partner, out), state.z)

    @abstractmethod
    def rise(self, upper: Step, lower: Step, z: Latent, below: Latent, out: Latent) -> Latent:
        """The latent of level i + 1, which ``upper`` leads from.

        ``z`` is at level i, between the two steps, and ``below`` at level i - 1.
        """

    @abstractmethod
    def fall(self, upper: Step, lower: Step, z: Latent, above: Latent, out: Latent) -> Latent:
        """The latent of level i - 1, which ``lower`` leads to; ``above`` is at level i + 1."""
