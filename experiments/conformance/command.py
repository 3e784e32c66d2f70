"""Checks the identities that every method must satisfy; under a minute on the embedded model.

    python -m experiments.conformance method=pti [model=scenes method.invert.iterations=2 ...]

Takes a method as ``experiments.run`` does, ``method._target_=...`` included, and shortens its
trajectory to a few steps. For each identity, prints whether it holds, the measured values, and what
a failure usually means. Exits with 1 if one does not hold.
"""

import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from hydra.utils import instantiate
from torch import Tensor

from data.images import square
from data.scenes.edits import SceneEdits
from data.tensors import to_tensor
from experiments.jobs.plan import plan
from experiments.run.cache import Store, cached
from experiments.run.oracles import Oracle
from pti.diffusion.model import LatentDiffusion
from pti.errors import InputError
from pti.method import Method, reconstruct
from pti.types import Batch, Edit, Inversion

STEPS = 6
TOLERANCE = 2e-3
"""Largest difference of fp32 latents: rounding depends on the batch size and accumulates."""


@dataclass(frozen=True)
class Finding:
    """Whether an identity holds, and the measured values as text."""

    holds: bool
    measured: str


@dataclass(frozen=True)
class Subject:
    """A method, the model it runs on, and a batch of three pictures."""

    method: Method
    model: LatentDiffusion
    batch: Batch

    def invert(self, batch: Batch | None = None) -> Inversion:
        """The inversion of ``batch``, or of all three pictures."""
        return self.method.inverted(self.model, self.batch if batch is None else batch)

    def edit(self, inversion: Inversion, batch: Batch | None = None) -> Edit:
        """The edit that follows from an inversion of ``batch``, or of all three pictures."""
        schedule = self.method.invert.schedule(self.model)
        whole = self.batch if batch is None else batch
        return self.method.edit(self.model, schedule, inversion, whole)


def _far(first: Tensor, second: Tensor) -> float:
    return float((first - second).abs().max())


def check_shapes(subject: Subject) -> Finding:
    """The path has K + 1 latents and begins with the picture's own; everything is finite."""
    found, steps = subject.invert(), len(subject.method.invert.schedule(subject.model))
    start = subject.model.encode(subject.batch.images)
    apart = _far(found.path[:, 0], start)
    counts = (found.path.shape[1], found.retraced.shape[1], found.cond.shape[1])
    finite = all(bool(t.isfinite().all()) for t in (found.path, found.retraced, found.cond))
    holds = counts == (steps + 1, steps + 1, steps) and finite and apart == 0
    return Finding(holds, f"{counts} latents and embeddings at K={steps}, start {apart:.1g} off")


def check_batch(subject: Subject) -> Finding:
    """A batch gives each picture what it would have alone."""
    found = subject.invert()
    whole = subject.edit(found).z
    ones = [subject.batch.select([row]) for row in range(len(subject.batch))]
    alone = [subject.invert(one) for one in ones]
    single = torch.cat([subject.edit(i, one).z for i, one in zip(alone, ones, strict=True)])
    apart = max(
        _far(found.reconstruction, torch.cat([one.reconstruction for one in alone])),
        _far(whole, single),
    )
    return Finding(apart < TOLERANCE, f"latents differ by {apart:.1g}")


def check_repeats(subject: Subject) -> Finding:
    """The same batch gives the same bits, whatever the global random state."""
    torch.manual_seed(1)
    first = subject.invert()
    one = subject.edit(first).z
    torch.manual_seed(2)
    second = subject.invert()
    apart = max(
        _far(first.reconstruction, second.reconstruction), _far(one, subject.edit(second).z)
    )
    return Finding(apart == 0, f"latents differ by {apart:.1g}")


def check_model_is_left_alone(subject: Subject) -> Finding:
    """Weights, gradients, attention processors and hooks are as before."""
    unet = subject.model.unet
    hooks = _hooks(unet)
    before = {name: value.clone() for name, value in unet.state_dict().items()}
    processors = dict(unet.attn_processors)
    subject.edit(subject.invert())
    after = unet.state_dict()
    changed = [name for name, value in before.items() if not torch.equal(value, after[name])]
    graded = [name for name, value in unet.named_parameters() if value.grad is not None]
    same = all(unet.attn_processors[name] is kept for name, kept in processors.items())
    left = _hooks(unet) - hooks
    said = (
        f"{len(changed)} weights changed, {len(graded)} have gradients, the attention's "
        f"processors are {'the same' if same else 'others'}, {left} hooks left in"
    )
    return Finding(not changed and not graded and same and left == 0, said)


def _hooks(network: torch.nn.Module) -> int:
    names = ("_forward_hooks", "_forward_pre_hooks")
    return sum(len(getattr(module, name)) for module in network.modules() for name in names)


def check_counts(subject: Subject) -> Finding:
    """Every evaluation of the UNet is counted, once for each picture."""
    seen = 0

    def count(module: Any, arguments: Any, keywords: Any) -> None:
        nonlocal seen
        del module
        seen += len(arguments[0] if arguments else keywords["sample"])

    handle = subject.model.unet.register_forward_pre_hook(count, with_kwargs=True)
    before = subject.model.calls
    try:
        subject.edit(subject.invert())
    finally:
        handle.remove()
    counted = (subject.model.calls - before).forward
    return Finding(counted == seen, f"{seen} forwards made, {counted} counted")


def check_cache(subject: Subject) -> Finding:
    """What the cache gives back is what would be computed anew."""
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        keep = cached(subject.method.invert, store)
        keep(subject.model, subject.batch)
        calls = subject.model.calls
        again = keep(subject.model, subject.batch)
        spent = (subject.model.calls - calls).forward
        tensors = zip(subject.invert().tensors().values(), again.tensors().values(), strict=True)
        same = all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in tensors)
    return Finding(same and spent == 0, f"{spent} forwards the second time")


def check_ceiling(subject: Subject) -> Finding:
    """No reconstruction is better than the autoencoder's by more than a hair."""
    model, images = subject.model, subject.batch.images.to(subject.model.device)

    def psnr(z: Tensor) -> Tensor:
        return -10 * (model.decode(z) - images).square().flatten(1).mean(1).log10()

    above = float((psnr(subject.invert().reconstruction) - psnr(model.encode(images))).max())
    return Finding(above < 1.0, f"at most {above:+.2f} dB above the autoencoder")


def check_exact(subject: Subject) -> Finding:
    """An inverter that is exact ends its reconstruction where its inversion began."""
    if not getattr(subject.method.invert, "exact", False):
        return Finding(holds=True, measured="it is not said to be exact")
    start = subject.model.encode(subject.batch.images)
    apart = _far(reconstruct(subject.method.invert, subject.model, subject.batch), start)
    held = 1e-8 if subject.model.vae.dtype == torch.float64 else TOLERANCE
    return Finding(apart < held, f"latents differ by {apart:.1g}")


CHECKS: dict[str, tuple[Callable[[Subject], Finding], str]] = {
    "shapes": (check_shapes, "the path misses z*_0 or z*_K, or a step divided by nothing"),
    "batch": (check_batch, "a mean over the batch, or one picture's noise used for all"),
    "repeats": (check_repeats, "noise without the items' seeds (Batch.seeds)"),
    "model": (check_model_is_left_alone, "an optimizer that holds the UNet, or a hook left in"),
    "counts": (check_counts, "model.unet called directly: call model.predict"),
    "cache": (check_cache, "a result that its fields do not decide"),
    "exact": (check_exact, "different prompts, guidance or precision on the way back"),
    "ceiling": (check_ceiling, "the picture itself leaks into the reconstruction"),
}
"""Each check by its name, with what a failure of it usually means."""


def subject_of(overrides: list[str]) -> Subject:
    """The shortened method, its model, and three edits of the dev split.

    Raises ``InputError`` for an oracle and for an inverter that is not a frozen dataclass.
    """
    given = ["goal=edit", "data=scenes_edit_dev", "precision=fp32", "device=cpu"]
    cfg = plan([*given, *overrides])[0]
    made = instantiate(cfg.method)
    if isinstance(made, Oracle):
        raise InputError(f"method={cfg.method.name} is an oracle: it inverts nothing to check")
    _check_dataclass(made.invert)
    method = shortened(made)
    model = instantiate(cfg.model.load, precision=cfg.precision, device=cfg.device)
    tasks = list(islice(SceneEdits(split="dev", size=6), 3))
    batch = Batch(
        torch.stack([to_tensor(square(task.open(), model.side)) for task in tasks]),
        captions=tuple(str(task.caption) for task in tasks),
        targets=tuple(str(task.target) for task in tasks),
        seeds=(1, 2, 3),
        phrases=tuple(task.edited_words() for task in tasks),
        old_phrases=tuple(task.replaced_words() for task in tasks),
    )
    return Subject(method, model, batch)


def shortened(part: Any) -> Any:
    """A copy of a dataclass in which every field ``steps``, at any depth, is at most ``STEPS``."""
    values = {field.name: getattr(part, field.name) for field in fields(part) if field.init}
    fewer = {n: shortened(v) for n, v in values.items() if is_dataclass(v)}
    if isinstance(steps := values.get("steps"), int):
        fewer["steps"] = min(steps, STEPS)
    return replace(part, **fewer)


def _check_dataclass(part: Any) -> None:
    kind: Any = type(part)
    if not is_dataclass(part) or not kind.__dataclass_params__.frozen:
        raise InputError(f"{kind.__name__} is not a frozen dataclass: its fields are its options")


def conform(subject: Subject) -> Iterator[tuple[str, Finding]]:
    """Run every check in order; a check does not hold where the method raises."""
    for name, (check, _) in CHECKS.items():
        try:
            yield name, check(subject)
        except Exception as error:  # noqa: BLE001 (a method may raise anything; it is reported)
            yield name, Finding(holds=False, measured=f"raised {error!r} at {_where(error)}")


def _where(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}"


def main() -> None:
    """Run the command."""
    overrides = sys.argv[1:]
    if not overrides:
        raise InputError("say which method to check: method=pti")
    failed = 0
    for name, finding in conform(subject_of(overrides)):
        check, usually = CHECKS[name]
        said = (check.__doc__ or "").strip()
        print(f"{'ok    ' if finding.holds else 'FAILED'} {name}: {said} ({finding.measured})")  # noqa: T201
        if not finding.holds:
            failed += 1
            print(f"       usually: {usually}")  # noqa: T201
    if failed:
        sys.exit(f"{failed} of {len(CHECKS)} identities do not hold")
