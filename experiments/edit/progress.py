"""Shows the progress of editing one picture: one bar per stage, over its timesteps."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Any

from data.progress import bar
from pti.diffusion.calls import Stage
from pti.diffusion.model import LatentDiffusion

DOING: dict[Stage, str] = {
    "trace": "inverting",
    "tune": "tuning",
    "mask": "finding the mask",
    "sample": "sampling",
}


@contextmanager
def shown(model: LatentDiffusion, steps: int) -> Generator[None]:
    """Show progress bars of ``model`` within the context; each stage visits ``steps`` timesteps.

    A timestep counts once, however many UNet evaluations it takes. A stage's bar ends where the
    next stage begins, so that its time is its own.
    """
    seen: dict[Stage, set[int]] = {}
    bars: dict[Stage, Any] = {}
    with ExitStack() as stack:

        def tell(stage: Stage, timestep: int) -> None:
            if stage not in bars:
                for earlier in bars.values():
                    earlier.close()
                total = None if stage == "mask" else steps  # a mask is found at one timestep
                bars[stage] = stack.enter_context(bar(total=total, desc=DOING[stage], unit="step"))
                seen[stage] = set()
            if timestep not in seen[stage]:
                seen[stage].add(timestep)
                bars[stage].update()

        stack.enter_context(model.watched(tell))
        yield
