"""Prompt Tuning Inversion: tune the conditional embedding (paper, Algorithm 1, stage 1)."""

from dataclasses import dataclass

from pti.diffusion.retrace import Retrace


@dataclass(frozen=True)
class PromptTuning(Retrace):
    """The target prompt's embedding takes up the picture; the empty prompt stays as it is."""

    tunes = "cond"
