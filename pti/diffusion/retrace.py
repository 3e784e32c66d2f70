"""Retrace a trajectory by tuning an embedding: the algorithm that PTI and NTI share.

Guided sampling departs from the trajectory of an unguided inversion. At every step ``Retrace``
tunes one of the two embeddings so that the step ends near the trajectory's next latent (PTI: paper,
Algorithm 1, lines 4-13; NTI: Mokady et al., 2022, arXiv:2211.09794, Algorithm 1).
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch import Tensor

from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import guide
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.step import Step
from pti.diffusion.trace import Trace, Tracer
from pti.errors import one_of
from pti.types import Batch, Context, Inversion, Latent, constant

Optimizer = Literal["adam", "sgd"]
Reduction = Literal["mean", "sum"]
Decay = Literal["none", "linear"]


@dataclass(frozen=True)
class Retrace:
    """Updates the embedding ``iterations`` times at each step, from that of the previous step.

    Each step has a new optimizer. The loss of an image is the mean (or sum) of squared differences
    over its latent. The losses of a batch are summed, so that each image gets the same update as it
    would alone. ``decay="linear"`` multiplies ``lr`` by 1 - i / 100 at step i, as NTI's code does.
    """

    tunes: ClassVar[Literal["cond", "null"]]

    trace: Tracer = field(default_factory=Trace)
    omega: float = 7.5
    iterations: int = 5
    lr: float = 0.01
    optimizer: Optimizer = "adam"
    reduction: Reduction = "mean"
    decay: Decay = "none"

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for an invalid field, or where the tuned branch has no weight."""
        one_of("optimizer", self.optimizer, Optimizer)
        one_of("reduction", self.reduction, Reduction)
        one_of("decay", self.decay, Decay)
        if self.iterations < 1:
            raise ValueError(f"iterations={self.iterations}: at least 1 is needed to tune")
        if self.lr < 0:
            raise ValueError(f"lr={self.lr}: a learning rate is not negative")
        idle = {"cond": 0.0, "null": 1.0}[self.tunes]
        if self.omega == idle:
            raise ValueError(
                f"omega={self.omega} gives the {self.tunes} embedding no weight: nothing to tune"
            )

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The schedule of the trajectory."""
        return self.trace.schedule(model)

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Trace, then make K (iterations + 2) forward and K iterations backward passes per image.

        Tuning gives the latents of the reconstruction, so they are not sampled again.
        """
        path, schedule = self.trace(model, batch), self.schedule(model)
        prompts = batch.targets if self.tunes == "cond" else batch.captions
        cond, null = model.embed(prompts), model.embed([""] * len(batch))
        free, fixed = (cond, null) if self.tunes == "cond" else (null, cond)
        z, retraced, tuned, losses = path[:, -1], [path[:, -1]], [], []
        with model.counting("tune"):
            for index, step in enumerate(schedule):
                goal = path[:, len(schedule) - 1 - index]
                with torch.no_grad():
                    anchor = model.predict(z, step.t, fixed)
                tune = _Tuning(self, model, step, z=z, goal=goal, anchor=anchor)
                free, loss = tune(index, free)
                tuned.append(free)
                losses.append(loss)
                with torch.no_grad():
                    z = tune.move(z, anchor, free)
                retraced.append(z)
        free_contexts = torch.stack(tuned, dim=1)
        fixed_contexts = constant(fixed, len(schedule))
        pair = (free_contexts, fixed_contexts)
        cond, null = pair if self.tunes == "cond" else reversed(pair)
        latents = torch.stack(retraced[::-1], dim=1)
        return Inversion(path, cond, null, latents, torch.stack(losses, dim=1))

    def done(self, index: int, losses: Tensor) -> Tensor:
        """True for each image that stops tuning after the update from ``losses``; here none."""
        del index
        return torch.zeros_like(losses, dtype=torch.bool)


@dataclass(frozen=True)
class _Tuning:
    """Tunes at one step, from ``z`` towards ``goal``; ``anchor`` is what the fixed one predicts."""

    settings: Retrace
    model: LatentDiffusion
    step: Step
    z: Latent
    goal: Latent
    anchor: Latent

    def move(self, z: Latent, anchor: Latent, free: Context) -> Latent:
        """One guided DDIM step with the embedding ``free``."""
        out = self.model.predict(z, self.step.t, free)
        pair = (anchor, out) if self.settings.tunes == "cond" else (out, anchor)
        return self.step.denoise(z, guide(*pair, self.settings.omega))

    def losses(self, free: Context, rows: Tensor) -> Tensor:
        """The loss of each image in ``rows``."""
        landed = self.move(self.z[rows], self.anchor[rows], free[rows])
        squares = (landed - self.goal[rows]).square().flatten(1)
        return squares.mean(1) if self.settings.reduction == "mean" else squares.sum(1)

    def __call__(self, index: int, start: Context) -> tuple[Context, Tensor]:
        """The tuned embedding, and the losses before each update (b by iterations)."""
        free = start.clone().requires_grad_()
        optimizer = self._optimizer(free, index)
        history = torch.full((len(start), self.settings.iterations), torch.nan).to(self.z)
        rows = torch.arange(len(start), device=start.device)
        for iteration in range(self.settings.iterations):
            losses = self.losses(free, rows)
            (free.grad,) = torch.autograd.grad(losses.sum(), free)
            history[rows, iteration] = losses.detach()
            before = free.detach().clone()
            optimizer.step()
            with torch.no_grad():
                # Adam's momentum would also move images that have stopped.
                before[rows] = free[rows]
                free.copy_(before)
            rows = rows[~self.settings.done(index, losses.detach())]
            if len(rows) == 0:
                break
        return free.detach(), history

    def _optimizer(self, free: Context, index: int) -> torch.optim.Optimizer:
        rule = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[self.settings.optimizer]
        fade = 1 - index / 100 if self.settings.decay == "linear" else 1.0
        return rule([free], lr=self.settings.lr * fade)
