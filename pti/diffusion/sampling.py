"""The two loops over a schedule: down by sampling, and up by inversion (paper, Eqs. 4 to 6)."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol, runtime_checkable

import torch

from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import Guidance
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.movers import Predict, State
from pti.types import Inversion, Latent, Path


@runtime_checkable
class Predicting(Protocol):
    """What predicts at each step, such as ``Guidance``."""

    def at(self, model: LatentDiffusion, index: int) -> Predict:
        """The prediction of step ``index``."""
        ...


After = Callable[[int, Latent], Latent]
"""Maps the latent after step i of sampling to the latent that step i + 1 starts from."""


def unchanged(index: int, z: Latent) -> Latent:
    """The same latent."""
    del index
    return z


@torch.no_grad()
def descend(
    model: LatentDiffusion,
    schedule: Schedule,
    state: State,
    guidance: Predicting,
    after: After = unchanged,
    steps: range | None = None,
) -> list[State]:
    """Go down by the schedule's mover: a prediction is one forward pass at omega 0 or 1, else two.

    ``steps`` are those to make, by default all. Returns the state before each step and at the end.
    """
    mover, states = schedule.mover, [state]
    with model.counting("sample"):
        for index in range(len(schedule)) if steps is None else steps:
            landed = mover.down(schedule, index, states[-1], guidance.at(model, index))
            states.append(mover.changed(landed, partial(after, index)))
    return states


@torch.no_grad()
def ascend(
    model: LatentDiffusion, schedule: Schedule, z: Latent, guidance: Guidance
) -> list[State]:
    """Go up by the schedule's mover, from the clean latent.

    Returns the state before each step and at the end.
    """
    states = [State(z)]
    with model.counting("trace"):
        for index in reversed(range(len(schedule))):
            predict = guidance.at(model, index)
            states.append(schedule.mover.up(schedule, index, states[-1], predict))
    return states


def path_of(states: list[State]) -> Path:
    """The latents of ``ascend``'s states, or of those of ``descend`` reversed, as a trajectory."""
    return torch.stack([state.z for state in states], dim=1)


def sample(model: LatentDiffusion, schedule: Schedule, z: Latent, guidance: Guidance) -> Path:
    """Sample from ``z`` at the noisiest timestep, by a mover of one latent.

    Returns all latents in the order of a trajectory: index 0 is z_0, and the last one is ``z``.
    """
    return path_of(descend(model, schedule, State(z), guidance)[::-1])


def sample_back(
    model: LatentDiffusion, schedule: Schedule, inversion: Inversion, omega: float
) -> Inversion:
    """The inversion, retraced: its reconstruction is sampled by its embeddings."""
    guidance = Guidance(inversion.null, inversion.cond, omega)
    states = descend(model, schedule, State.at_the_end_of(inversion), guidance)
    return replace(inversion, retraced=path_of(states[::-1]))
