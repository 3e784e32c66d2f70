"""EDICT (Wallace et al., 2022, arXiv:2211.12446): two latents that step by turns, and mix."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pti.diffusion.exact import Exact
from pti.diffusion.movers import Predict, State
from pti.diffusion.step import Step
from pti.types import Latent


@dataclass(frozen=True)
class Coupled:
    """Each latent steps by what the network predicts of the other (their Eqs. 11 to 14).

        down: x' = A x + k eps(y), y' = A y + k eps(x'), x = p x' + (1 - p) y', y = p y' + (1 - p) x

    Up, the same equations are solved in reverse. Which latent steps first alternates with the step.
    """

    exact: ClassVar[bool] = True

    p: float = 0.93

    def up(self, steps: Sequence[Step], index: int, state: State, predict: Predict) -> State:
        """Two predictions."""
        x, y = state.z, state.z if state.partner is None else state.partner
        y = (y - (1 - self.p) * x) / self.p
        pair = [(x - (1 - self.p) * y) / self.p, y]
        step, first = steps[index], index % 2
        for one in (1 - first, first):
            out = _noise(step, pair[1 - one], predict)
            pair[one] = step.of_noise().renoise(pair[one], out)
        return State(*pair)

    def down(self, steps: Sequence[Step], index: int, state: State, predict: Predict) -> State:
        """Two predictions."""
        pair = [state.z, state.z if state.partner is None else state.partner]
        step, first = steps[index], index % 2
        for one in (first, 1 - first):
            out = _noise(step, pair[1 - one], predict)
            pair[one] = step.of_noise().denoise(pair[one], out)
        x = self.p * pair[0] + (1 - self.p) * pair[1]
        return State(x, self.p * pair[1] + (1 - self.p) * x)

    def changed(self, state: State, change: Callable[[Latent], Latent]) -> State:
        """Change the first latent, and move the second along by as much.

        The trajectory is that of the first: the second has one of its own, which nothing keeps.
        """
        assert state.partner is not None
        z = change(state.z)
        return State(z, state.partner + (z - state.z))


def _noise(step: Step, z: Latent, predict: Predict) -> Latent:
    return step.noise(z, predict(z, step.t))


@dataclass(frozen=True)
class Edict(Exact):
    """Inverts with two coupled latents, both the picture's at first: 2K predictions each way.

    ``p`` in (0, 1] is the mixing weight; at 1 the latents do not mix.
    """

    p: float = 0.93

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a p out of range, or one with which rounding grows too far."""
        if not 0 < self.p <= 1:
            raise ValueError(f"p={self.p}: the mixing weight is above 0 and at most 1")
        super().__post_init__()

    @property
    def growth(self) -> float:
        """Two divisions by p."""
        return self.p**-2

    def refuse(self, half: object) -> None:
        """Raise ``ValueError`` where the picture's own branch would not be as it was inverted.

        Its second latent is kept nowhere: it follows from the embeddings and the guidance alone.
        """
        control = getattr(half, "control", None)
        if control is not None and (control.source_prompt, self.omega) != ("inversion", 1):
            raise ValueError(
                "EDICT's second latent follows from what was inverted: the picture's own branch "
                "needs source_prompt=inversion in the control, and omega=1 in the inversion"
            )

    def mover(self) -> Coupled:
        """The pair's mover."""
        return Coupled(self.p)
