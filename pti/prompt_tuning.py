"""Prompt Tuning Inversion: the paper's Algorithm 1 line by line, and the code of each line.

Stage 1, reconstruction: pti/diffusion/trace.py (lines 2-3), pti/diffusion/retrace.py (lines 5-13).

     2  omega = 0, z*_0 = ENC(I)                            Trace.omega, Trace.__call__
     3  z*_1 .. z*_T by DDIM inversion (Eq. 6)              Trace.__call__
     5  omega > 1                                           Retrace.omega
     6  z~_T = z*_T, c_T = c*                               Retrace.__call__
     7  for t = T .. 1:                                     Retrace.__call__
     8    for j = 0 .. N-1:                                 _Tuning.__call__
     9      c_t -= beta grad_c L(c_t),                      _Tuning.__call__
            L(c) = ||z*_{t-1} - z_{t-1}(z~_t, t, c)||^2     _Tuning.losses
    12    z~_{t-1} = z_{t-1}(z~_t, t, c_t)                  _Tuning.move
          c_{t-1} = c_t                                     Retrace.__call__

Stage 2, editing: SampleTarget in pti/diffusion/editing.py, which Interpolate extends.

    15  z_T = z*_T                                          SampleTarget.__call__
    16  for t = T .. 1:                                     pti/diffusion/sampling.py: descend
    17    c = (1 - eta) c_t + eta c* (Eq. 9)                pti/interpolation.py: Interpolate
    18    z_{t-1} = z_{t-1}(z_t, t, c)                      pti/diffusion/sampling.py: descend
          keep z*_{t-1} outside the mask                    pti/diffusion/blending.py: Blend
    21  I* = DEC(z_0)                                       LatentDiffusion.decode, by the caller

c* is the target prompt's embedding, and z_{t-1}(z, t, c) is a DDIM step (Eq. 4) with guidance scale
omega (Eq. 5). Only c_t is tuned, all its tokens; the null embedding is fixed. Each timestep starts
from the tuned embedding of the timestep before (line 12), with a new optimizer. ``Inversion`` keeps
z* as ``path``, c_t as ``cond`` and z~ as ``retraced``; z~_0 is the reconstruction.

By default line 9 is an update by Adam on the mean of squares; ``optimizer="sgd"`` with
``reduction="sum"`` is the paper's formula. T is the number of steps made: int(steps * ratio).
"""

from dataclasses import dataclass
from typing import ClassVar

from pti.diffusion.retrace import Retrace


@dataclass(frozen=True)
class PromptTuning(Retrace):
    """Tunes the conditional embedding, from the target prompt's; the null embedding is fixed."""

    tunes = "cond"
    reads_target: ClassVar[bool] = True
