"""A cache of trajectories, inversions and pieces of edits, keyed by all they come from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from hashlib import sha256
from typing import Any

from torch import Tensor

from experiments.store.entries import About, Store
from experiments.store.sources import code_of_part
from pti.diffusion.ddim import Schedule
from pti.diffusion.memory import Memory, Piece, Tensors, forgetful
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.trace import Tracer
from pti.errors import InputError
from pti.method import Inverter, SamplesBack, reconstruct
from pti.types import Batch, Inversion, Latent

Value = Inversion | Tensor
"""The value of an inverter (``Inversion``) or of a tracer (its trajectory)."""


@dataclass(frozen=True)
class Cached:
    """An inverter or tracer that reads its values from the store where they are there."""

    inner: Inverter | Tracer
    store: Store

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The schedule of the wrapped inverter or tracer."""
        return self.inner.schedule(model)

    @property
    def exact(self) -> bool:
        """Whether the wrapped inverter is exact."""
        return getattr(self.inner, "exact", False)

    @property
    def reads_target(self) -> bool:
        """Whether the wrapped inverter reads the target prompt."""
        return getattr(self.inner, "reads_target", False)

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Any:
        """The value of the batch, as ``Store.recall`` gives it."""
        items = self._items(batch, "all")
        tensors = self.store.recall(model, items, lambda: _tensors(self.inner(model, batch)))
        return tensors["path"] if set(tensors) == {"path"} else Inversion(**tensors)

    def sampled_back(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """The inversion with the latents of its reconstruction."""
        inner = self.inner
        if not isinstance(inner, SamplesBack):
            return self(model, batch)
        items = self._items(batch, "sampled back")
        made = self.store.recall(model, items, lambda: inner.sampled_back(model, batch).tensors())
        return Inversion(**made)

    def reconstruction(self, model: LatentDiffusion, batch: Batch) -> Latent:
        """The reconstruction of an inverter: all that is kept of an inversion nobody edits."""
        inverter: Any = self.inner
        items = self._items(batch, "reconstruction")
        made = self.store.recall(model, items, lambda: {"z": reconstruct(inverter, model, batch)})
        return made["z"]

    def _items(self, batch: Batch, what: str) -> list[About]:
        method = describe(self.inner)
        return [
            {
                "method": method,
                "what": what,
                "image": _content(batch.images[row]),
                "prompts": [batch.captions[row], batch.targets[row]],
                "seed": batch.seeds[row],
            }
            for row in range(len(batch))
        ]


@dataclass(frozen=True)
class Remembered:
    """The memory of a model, in a store: a ``pti.diffusion.memory.Memory``."""

    model: LatentDiffusion
    store: Store

    def __call__(self, piece: Piece, compute: Callable[[], Tensors]) -> Tensors:
        """The result of ``compute``, as ``Store.recall`` gives it."""
        about = {
            "piece": {"name": piece.name, **_code_of(piece.module)},
            "settings": {name: _described(value) for name, value in piece.settings.items()},
            "parts": [describe(part) for part in piece.parts],
        }
        columns = {name: _contents(values) for name, values in piece.inputs.items()}
        rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
        items = [{**about, "inputs": row} for row in rows]
        return self.store.recall(self.model, items, compute)


def memory_of(editor: object, model: LatentDiffusion, store: Store) -> Memory:
    """The memory for an editor: it forgets all for one that does not declare ``shares_work``."""
    shares = vars(type(editor)).get("shares_work", False)
    return Remembered(model, store) if shares else forgetful


def cached(part: Any, store: Store) -> Cached:
    """Wrap an inverter or tracer, and every tracer within it."""
    inner = {field.name: getattr(part, field.name) for field in fields(part)}
    tracers = {name: value for name, value in inner.items() if isinstance(value, Tracer)}
    within = {name: cached(tracer, store) for name, tracer in tracers.items()}
    return Cached(replace(part, **within), store)


def describe(part: Any) -> dict[str, Any]:
    """A part's class, the digest of its code, and its fields, which may be parts themselves.

    A default 0.0 and the 0 of a configuration are one value.
    """
    if isinstance(part, Cached):
        return describe(part.inner)
    kind = type(part)
    return {
        "class": kind.__qualname__,
        **_code_of(kind.__module__),
        **{f.name: _described(getattr(part, f.name)) for f in fields(part)},
    }


def _described(value: Any) -> Any:
    if is_dataclass(value):
        return describe(value)
    return float(value) if type(value) is int else value


def _code_of(module: str) -> dict[str, str]:
    return {"module": module, "code": code_of_part(module)}


def is_readable(about: Any) -> bool:
    """Whether the code that an entry was computed by is that of today, or can't be found."""
    if isinstance(about, list):
        return all(map(is_readable, about))
    if not isinstance(about, dict):
        return True
    now = not {"module", "code"} <= about.keys() or _is_code_of(about["module"], about["code"])
    return now and all(map(is_readable, about.values()))


def _is_code_of(module: str, code: str) -> bool:
    try:
        return code_of_part(module) == code
    except InputError:  # it may be on PYTHONPATH the next time
        return True


def _contents(values: Tensor | Sequence[Any]) -> list[Any]:
    """Each item's value, or the sha256 of its tensor."""
    return [_content(value) if isinstance(value, Tensor) else value for value in values]


def _content(tensor: Tensor) -> str:
    return sha256(tensor.detach().contiguous().cpu().numpy().tobytes()).hexdigest()


def _tensors(value: Value) -> Tensors:
    return value.tensors() if isinstance(value, Inversion) else {"path": value}
