"""A cache of trajectories and inversions, keyed by everything that they are computed from."""

import json
from dataclasses import dataclass, field, fields, is_dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from experiments.store.atomic import write_aside
from experiments.store.sources import code_of_part
from pti.diffusion.calls import Calls
from pti.diffusion.ddim import Schedule
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.trace import Tracer
from pti.errors import InputError
from pti.method import Inverter
from pti.types import Batch, Inversion

Value = Inversion | Tensor
"""The value of an inverter (``Inversion``) or of a tracer (its trajectory)."""


@dataclass
class Store:
    """A folder with one entry per item, and the UNet calls that reading entries has saved.

    ``loader`` is the digest of the code that loads the model from its weights.
    """

    folder: Path
    loader: str = ""
    saved: Calls = field(default_factory=Calls)

    def path(self, key: str) -> Path:
        """The file of an entry."""
        return self.folder / key[:2] / f"{key}.safetensors"

    def put(self, key: str, value: dict[str, Tensor], calls: Calls) -> None:
        """Write one item's tensors, and the UNet calls that they cost."""
        # An embedding that is the same at every step is kept once.
        constant = {name: t.shape[1] for name, t in value.items() if t.stride(1) == 0}
        whole = {name: t[:, :1] if name in constant else t for name, t in value.items()}
        tensors = {name: t.cpu().clone().contiguous() for name, t in whole.items()}
        about = {"calls": calls.as_json(), "constant": constant}
        metadata = {"about": json.dumps(about)}
        write_aside(self.path(key), lambda aside: aside.write_bytes(save(tensors, metadata)))

    def get(self, key: str, model: LatentDiffusion) -> dict[str, Tensor]:
        """Read one item's tensors; raises ``InputError`` naming the file where it is damaged."""
        path = self.path(key)
        try:
            with safe_open(path, "pt", device=str(model.device)) as stored:
                about = json.loads(stored.metadata()["about"])
                value = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, ValueError) as error:
            raise InputError(
                f"cache entry {path} is damaged ({error}): delete that file and run again"
            ) from error
        self.saved += Calls.from_json(about["calls"])
        for name, length in about["constant"].items():
            value[name] = value[name].expand(-1, length, -1, -1)
        return value


@dataclass(frozen=True)
class Cached:
    """An inverter or tracer that reads its values from the store where they are there."""

    inner: Inverter | Tracer
    store: Store

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The schedule of the wrapped inverter or tracer."""
        return self.inner.schedule(model)

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Any:
        """The value of the batch; where one item is missing in the store, all of them are computed.

        In fp32 an item's last bits can depend on the size of its batch, and a run that was killed
        between writing two entries must not change a result.
        """
        keys = [self._key(model, batch, row) for row in range(len(batch))]
        if all(self.store.path(key).exists() for key in keys):
            return _join([self.store.get(key, model) for key in keys])
        computed = self._compute(model, batch)
        for key, (tensors, calls) in zip(keys, computed, strict=True):
            if not self.store.path(key).exists():
                self.store.put(key, tensors, calls)
        return _join([tensors for tensors, _ in computed])

    def _compute(
        self, model: LatentDiffusion, batch: Batch
    ) -> list[tuple[dict[str, Tensor], Calls]]:
        """Each item's tensors and its share of the UNet calls, including calls that were cached."""
        before = model.calls + self.store.saved
        value = self.inner(model, batch)
        calls = (model.calls + self.store.saved - before).shared_by(len(batch))
        tensors = value.tensors() if isinstance(value, Inversion) else {"path": value}
        rows = range(len(batch))
        return [({name: t[row : row + 1] for name, t in tensors.items()}, calls) for row in rows]

    def _key(self, model: LatentDiffusion, batch: Batch, row: int) -> str:
        pixels = batch.images[row].contiguous().cpu().numpy().tobytes()
        about = {
            "model": [model.digest, self.store.loader],
            "precision": model.precision,
            "device": model.device.type,
            "method": describe(self.inner),
            "image": sha256(pixels).hexdigest(),
            "prompts": [batch.captions[row], batch.targets[row]],
            "seed": batch.seeds[row],
        }
        return sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def cached(part: Any, store: Store) -> Cached:
    """Wrap an inverter or tracer, and every tracer within it."""
    inner = {field.name: getattr(part, field.name) for field in fields(part)}
    tracers = {name: value for name, value in inner.items() if isinstance(value, Tracer)}
    within = {name: cached(tracer, store) for name, tracer in tracers.items()}
    return Cached(replace(part, **within), store)


def describe(part: Any) -> dict[str, Any]:
    """A part's class, the digest of its code, and its fields, which may be parts themselves."""
    if isinstance(part, Cached):
        return describe(part.inner)
    kind = type(part)
    values = {f.name: getattr(part, f.name) for f in fields(part)}
    return {
        "class": f"{kind.__module__}.{kind.__qualname__}",
        "code": code_of_part(kind.__module__),
        **{name: describe(v) if is_dataclass(v) else v for name, v in values.items()},
    }


def _join(items: list[dict[str, Tensor]]) -> Value:
    tensors = {name: torch.cat([item[name] for item in items]) for name in items[0]}
    return tensors["path"] if set(tensors) == {"path"} else Inversion(**tensors)
