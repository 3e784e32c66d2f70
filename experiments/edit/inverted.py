"""Inverted pictures: what many edits of them have in common."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from time import perf_counter
from typing import Any, Generic, TypeVar

import torch

from data.images import Pixels
from data.task import Task
from data.tensors import to_tensor
from experiments.edit.frame import Frame
from pti.diffusion.calls import Calls
from pti.diffusion.ddim import Schedule
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.trace import Tracer
from pti.errors import InputError
from pti.method import Method
from pti.types import Batch, Inversion, Path

R = TypeVar("R")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Made(Generic[Value]):
    """A value with its cost: UNet calls and seconds, of all pictures together."""

    value: Value
    calls: Calls = field(default_factory=Calls)
    seconds: float = 0.0

    @classmethod
    def by(cls, model: LatentDiffusion, make: Callable[[], Value]) -> "Made[Value]":
        """Make it now."""
        start, before = perf_counter(), model.calls
        # Tuning needs gradients, and bf16 has another kernel without them: the bits of a result
        # must not depend on where the caller stands.
        with torch.inference_mode(mode=False), torch.enable_grad():
            value = make()
        return cls(value, model.calls - before, perf_counter() - start)


@dataclass(frozen=True)
class Laid:
    """A tracer that has been there: it gives the trajectory that was laid."""

    tracer: Tracer
    path: Path

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The schedule of the tracer."""
        return self.tracer.schedule(model)

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Path:
        """Make no UNet call."""
        del model, batch
        return self.path


class Untold(Batch):
    """A batch without targets, for an inverter that does not say that it reads them."""

    def __getattribute__(self, name: str) -> Any:
        """Raise ``InputError`` for the targets: the inversion is to serve all of them."""
        if name == "targets":
            raise InputError(
                "the inverter reads the target prompt and does not say so: declare "
                "reads_target: ClassVar[bool] = True in its class"
            )
        return super().__getattribute__(name)


@dataclass(frozen=True, eq=False)
class Inverted(Generic[R]):
    """Pictures that an ``Editor`` has inverted, to be edited as often as wanted.

    ``squares`` are what the model sees of ``frames``. ``shared`` is the inversion where it serves
    every prompt; otherwise ``by_prompt`` keeps one for each that was asked for, and ``laid`` is the
    method with the trajectory that they have in common.
    """

    frames: tuple[Frame, ...]
    squares: tuple[Pixels, ...]
    captions: tuple[str | None, ...]
    seed: int
    is_list: bool
    owner: object
    laid: Made[Method]
    shared: Made[Inversion] | None = None
    by_prompt: dict[tuple[str, ...], Made[Inversion]] = field(default_factory=dict)

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.frames)

    @property
    def seconds(self) -> float:
        """The time that all inversions of these pictures have taken so far."""
        made = [self.laid, *([self.shared] if self.shared else []), *self.by_prompt.values()]
        return sum(one.seconds for one in made)

    def batch(self, prompts: tuple[str, ...], words: tuple[str, ...]) -> Batch:
        """The batch of an edit; without ``words`` each edit's new words are its phrases."""
        pairs = zip(self.captions, prompts, self.frames, strict=True)
        tasks = [
            Task("", caption, lambda frame=frame: frame.picture, target=prompt, words=words)
            for caption, prompt, frame in pairs
        ]
        return Batch(
            torch.stack([to_tensor(square) for square in self.squares]),
            captions=tuple(task.caption or str(task.target) for task in tasks),
            targets=prompts,
            seeds=(self.seed,) * len(tasks),
            phrases=tuple(task.edited_words() for task in tasks),
            old_phrases=tuple(task.replaced_words() for task in tasks),
        )


def begun(method: Method, model: LatentDiffusion, inverted: Inverted[R]) -> Inverted[R]:
    """The same with all of its inversion that serves every prompt."""
    known = None not in inverted.captions
    batch = inverted.batch(tuple(caption or "" for caption in inverted.captions), ())
    if known and not getattr(method.invert, "reads_target", False):
        untold = Untold(**vars(batch))
        made = Made.by(model, lambda: _settled(method.inverted(model, untold)))
        return replace(inverted, shared=made)
    return replace(inverted, laid=Made.by(model, lambda: _laid(method, model, batch, known=known)))


def _laid(method: Method, model: LatentDiffusion, batch: Batch, *, known: bool) -> Method:
    """The method with its trajectories laid, but for those that may read an unknown caption."""
    invert: Any = method.invert
    parts = {one.name: getattr(invert, one.name) for one in fields(invert)}
    tracers = {
        name: part
        for name, part in parts.items()
        if isinstance(part, Tracer) and (known or getattr(part, "omega", None) == 0)
    }
    laid = {name: Laid(tracer, tracer(model, batch)) for name, tracer in tracers.items()}
    return replace(method, invert=replace(invert, **laid))


def inversion_for(model: LatentDiffusion, inverted: Inverted[Any], batch: Batch) -> Made[Inversion]:
    """The inversion for the targets of this batch, made once."""
    if inverted.shared is not None:
        return inverted.shared
    laid, kept = inverted.laid, inverted.by_prompt
    if batch.targets not in kept:
        kept[batch.targets] = Made.by(model, lambda: _settled(laid.value.inverted(model, batch)))
    own = kept[batch.targets]
    return replace(own, calls=laid.calls + own.calls, seconds=laid.seconds + own.seconds)


def _settled(inversion: Inversion) -> Inversion:
    """The inversion, once a GPU has computed it, so that the time is its own."""
    inversion.reconstruction.cpu()
    return inversion
