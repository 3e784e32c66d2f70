"""The steps of a trajectory, and how they are made."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from pti.diffusion.movers import Mover, Plain
from pti.diffusion.step import Prediction, Step
from pti.errors import one_of

Spacing = Literal["leading", "trailing", "linspace"]
"""How timesteps are spaced, as a scheduler's ``timestep_spacing`` names it."""


@dataclass(frozen=True)
class Schedule(Sequence[Step]):
    """The K steps of a trajectory, noisiest first, and the mover that makes them."""

    moves: tuple[Step, ...]
    mover: Mover = field(default_factory=Plain)

    @classmethod
    def spaced(  # noqa: PLR0913 (what a scheduler's file says)
        cls,
        alphas: Float[Tensor, " timesteps"],
        *,
        steps: int,
        ratio: float = 1.0,
        offset: int = 1,
        alpha_final: float | None = None,
        spacing: Spacing = "leading",
        prediction: Prediction = "epsilon",
    ) -> "Schedule":
        """The last int(steps * ratio) of ``steps`` timesteps; DiffEdit's encoding ratio.

        Leading, as in Stable Diffusion, they are multiples of timesteps // steps, plus ``offset``;
        trailing, they are counted from the last timestep down; linspace, from 0 to the last, both
        included. ``offset`` has a meaning for leading alone. The last step leads to
        ``alpha_final``, by default a_0 (``set_alpha_to_one=False``). A step that returns its input
        is left out, because its UNet calls would be wasted: with offset 0 and that default, this
        is the last one. Raises ``ValueError`` where no step is left, where the first lies beyond
        the noise schedule, or for an unknown spacing or prediction.
        """
        if not 1 <= steps <= len(alphas) or not 0 < ratio <= 1 or int(steps * ratio) < 1:
            raise ValueError(f"steps={steps} with ratio={ratio} leaves no step to make")
        times = _times(len(alphas), steps, offset, spacing)[: int(steps * ratio)]
        if times[-1] >= len(alphas):
            raise ValueError(f"steps={steps} with offset {offset} goes beyond t={len(alphas) - 1}")
        last = float(alphas[0]) if alpha_final is None else alpha_final
        gap = times[0] - len(alphas) // steps if spacing == "leading" else -1
        before = [gap, *times]
        moves = [
            Step(
                t,
                max(previous, 0),
                float(alphas[t]),
                float(alphas[previous]) if previous >= 0 else last,
                prediction,
            )
            for previous, t in zip(before, times, strict=False)
        ]
        return cls(tuple(move for move in moves[::-1] if move.alpha != move.alpha_previous))

    def moved_by(self, mover: Mover) -> "Schedule":
        """The same steps, made by a different mover."""
        return replace(self, mover=mover)

    def stochastic(self, eta: float) -> "Schedule":
        """The same steps with noise: see ``Step.stochastic``."""
        return replace(self, moves=tuple(step.stochastic(eta) for step in self.moves))

    def __len__(self) -> int:
        """The number of steps, K."""
        return len(self.moves)

    def __getitem__(self, index: int) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Step ``index`` in the order of sampling."""
        return self.moves[index]


def _times(count: int, steps: int, offset: int, spacing: Spacing) -> list[int]:
    """The timesteps, least noisy first."""
    one_of("timestep_spacing", spacing, Spacing)
    if spacing == "linspace":
        return [round(index * (count - 1) / max(1, steps - 1)) for index in range(steps)]
    if spacing == "trailing":
        return [round(count - index * count / steps) - 1 for index in reversed(range(steps))]
    return [index * (count // steps) + offset for index in range(steps)]
