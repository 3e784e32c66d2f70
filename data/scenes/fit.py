"""The training loop for all parts of the embedded model, with checkpoints and exact resumption."""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from data.progress import bar
from pti.diffusion.precision import autocast, fastest
from pti.errors import InputError

CHECKPOINT_EVERY = 250

Part = TypeVar("Part", bound=nn.Module)


@dataclass(frozen=True)
class Plan:
    """How one part is trained; ``lr`` is the peak of a one-cycle schedule over ``steps``.

    Step i draws from the random seed ``seed`` + i.
    """

    name: str
    steps: int
    batch: int
    lr: float
    ema: float | None = None
    weight_decay: float = 0.01
    seed: int = 0


def save_checkpoint(path: Path, state: dict[str, object]) -> None:
    """Write to a temporary file and rename it, so that a checkpoint is whole or absent."""
    aside = path.with_suffix(f".{os.getpid()}.part")
    torch.save(state, aside)
    aside.replace(path)


def fit(
    plan: Plan,
    module: Part,
    loss_of: Callable[[Part, torch.Generator], Tensor],
    work: Path,
    device: torch.device,
) -> Part:
    """Train ``module`` in place, from its checkpoint in ``work`` if there is one.

    Returns the module, or its moving average where the plan has one, in evaluation mode. The
    generator that ``loss_of`` receives is seeded by the step, so that a resumed run computes the
    same as an uninterrupted one. Raises ``InputError`` where the checkpoint has a different plan.
    """
    parts = _parts(plan, module.to(device).train())
    checkpoint = work / f"{plan.name}.pt"
    done = _resume(plan, checkpoint, parts, device)
    shown = bar(
        range(done, plan.steps), initial=done, total=plan.steps, desc=plan.name, unit="step"
    )
    smoothed = None
    for step in shown:
        loss = _update(parts, loss_of, torch.Generator(device).manual_seed(plan.seed + step))
        smoothed = loss if smoothed is None else 0.98 * smoothed + 0.02 * loss
        shown.set_postfix(loss=f"{smoothed:.4f}", refresh=False)
        if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == plan.steps:
            state = {name: part.state_dict() for name, part in parts.items()}
            save_checkpoint(checkpoint, {**state, "plan": asdict(plan), "done": step + 1})
    shipped = cast(Part, parts["average"].module) if plan.ema else module
    return shipped.eval().requires_grad_(False)


def _parts(plan: Plan, module: nn.Module) -> dict[str, Any]:
    optimizer = torch.optim.AdamW(module.parameters(), lr=plan.lr, weight_decay=plan.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, plan.lr, total_steps=plan.steps, pct_start=0.06
    )
    average = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(plan.ema or 0.0))
    return {"module": module, "optimizer": optimizer, "schedule": schedule, "average": average}


def _update(
    parts: dict[str, Any],
    loss_of: Callable[[Any, torch.Generator], Tensor],
    generator: torch.Generator,
) -> float:
    module = parts["module"]
    with autocast(generator.device, fastest(generator.device)):
        loss = loss_of(module, generator)
    loss.backward()
    nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    parts["optimizer"].step()
    parts["schedule"].step()
    parts["optimizer"].zero_grad()
    parts["average"].update_parameters(module)
    return loss.item()


def _resume(plan: Plan, checkpoint: Path, parts: dict[str, Any], device: torch.device) -> int:
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, map_location=device, weights_only=True)
    if state["plan"] != asdict(plan):
        raise InputError(
            f"{checkpoint} was trained by another plan ({state['plan']}): delete it and those that "
            "build on it, or choose another folder with --work"
        )
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return state["done"]
