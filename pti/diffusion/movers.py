"""How a latent goes up and down the noise levels, given a function that predicts.

A mover belongs to a schedule, and so to an inverter: what inverts a picture also samples from it.
Levels are counted by the index of a step, as in sampling: step 0 is the noisiest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol, runtime_checkable

from pti.diffusion.step import Step
from pti.types import Inversion, Latent, Residuals

Predict = Callable[[Latent, int], Latent]
"""The network's guided output for a latent at a timestep."""


@dataclass(frozen=True)
class State:
    """Where a mover is: the latent, and what more it needs to go on.

    ``partner`` is the second latent of a mover that moves two. ``residuals`` are those of every
    step, for a mover that adds them.
    """

    z: Latent
    partner: Latent | None = None
    residuals: Residuals | None = None

    @classmethod
    def at_the_end_of(cls, inversion: Inversion) -> "State":
        """The noisiest level, where an inversion ended and sampling begins."""
        return cls(inversion.path[:, -1], inversion.partner, inversion.residuals)


@runtime_checkable
class Mover(Protocol):
    """A frozen dataclass, whose fields are its settings.

    An ``exact`` mover undoes itself: going up and down again with the same predictions ends where
    it began, but for rounding.
    """

    exact: ClassVar[bool]

    def up(self, steps: Sequence[Step], index: int, state: State, predict: Predict) -> State:
        """Go from step ``index``'s less noisy timestep to its noisier one."""
        ...

    def down(self, steps: Sequence[Step], index: int, state: State, predict: Predict) -> State:
        """Go from step ``index``'s noisier timestep to its less noisy one."""
        ...

    def changed(self, state: State, change: Callable[[Latent], Latent]) -> State:
        """Change the latents of the state's own level, as an editor does after each step."""
        ...


class OneLatent:
    """What movers have in common that have one latent at each level."""

    def changed(self, state: State, change: Callable[[Latent], Latent]) -> State:
        """Change the latent."""
        return replace(state, z=change(state.z))


@dataclass(frozen=True)
class Plain(OneLatent):
    """A step down, and up by the same equation, solved with what the network sees before the step.

    It is therefore not exact.
    ``at_destination`` says which timestep the network is given on the way up: the one that the step
    leads to, as in every public implementation, or the latent's own.
    """

    exact: ClassVar[bool] = False

    at_destination: bool = True

    def up(self, steps: Sequence[Step], index: int, state: State, predict: Predict) -> State:
        """One prediction."""
        step = steps[index]
        t = step.t if self.at_destination else step.t_previous
        return replace(state, z=step.renoise(state.z, predict(state.z, t)))

    def down(self, steps: Sequence[Step], index: int, state: State, predict: Predict) -> State:
        """One prediction."""
        step = steps[index]
        return replace(state, z=step.denoise(state.z, predict(state.z, step.t)))
