"""The files of the cache: an entry per item, which names its tensors by their content."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from experiments.store.atomic import write_aside, write_json
from experiments.store.locks import reserved
from pti.diffusion.calls import Calls
from pti.diffusion.memory import Tensors
from pti.diffusion.model import LatentDiffusion
from pti.errors import InputError

ENTRIES, TENSORS, RESERVED = "entries", "tensors", "reserved"
"""Names of the folders of entries and of tensors, and of the file in which work is reserved."""

CLASS_MEANS, READINGS = "classes", "readings"
"""The folders of mean features of real pictures, and of what metrics read of inputs; scoring keeps
both beside the entries."""


About = dict[str, Any]
"""What an entry is computed from, in JSON; its sha256 is the key of the entry."""


@dataclass
class Store:
    """The cache in ``folder``, and the UNet calls that reading entries has saved.

    Equal tensors of all entries are kept once, so that a method's entry adds no trajectory to that
    of its tracer. ``loader`` is the digest of the code that loads the model from its weights.
    """

    folder: Path
    loader: str = ""
    saved: Calls = field(default_factory=Calls)

    def entry(self, key: str) -> Path:
        """The file of an entry."""
        return self.folder / ENTRIES / key[:2] / f"{key}.json"

    def tensor(self, content: str) -> Path:
        """The file of a tensor."""
        return self.folder / TENSORS / content[:2] / f"{content}.safetensors"

    def recall(
        self, model: LatentDiffusion, items: Sequence[About], compute: Callable[[], Tensors]
    ) -> Tensors:
        """The entries of a batch; where one is missing, all of them are computed.

        ``items`` says of each entry what its tensors are computed from, apart from the model.
        In fp32 an item's last bits can depend on the size of its batch, and a run that was killed
        between writing two entries must not change a result. A different process that needs the
        same entries waits for them.
        """
        shared = self.about(model)
        abouts = [{**shared, **item} for item in items]
        keys = [key_of(about) for about in abouts]
        if self._has(keys):
            return self._read(model, keys)
        with reserved(self.folder / RESERVED, keys):
            if self._has(keys):
                return self._read(model, keys)
            before = model.calls + self.saved
            value = compute()
            # An item's share of the UNet calls includes those that were cached.
            calls = (model.calls + self.saved - before).shared_by(len(keys))
            rows = [{name: t[i : i + 1] for name, t in value.items()} for i in range(len(keys))]
            for about, key, row in zip(abouts, keys, rows, strict=True):
                if not self.entry(key).exists():
                    self._put(about, row, calls)
        return _join(rows)

    def about(self, model: LatentDiffusion) -> About:
        """What of the model is part of a key."""
        return {
            "model": [model.digest, self.loader],
            "precision": model.precision,
            "device": model.device.type,
        }

    def _has(self, keys: Sequence[str]) -> bool:
        return all(self.entry(key).exists() for key in keys)

    def _put(self, about: About, value: Tensors, calls: Calls) -> None:
        # An embedding that is the same at every step is kept once.
        constant = {name: t.shape[1] for name, t in value.items() if t.stride(1) == 0}
        whole = {name: t[:, :1] if name in constant else t for name, t in value.items()}
        tensors = {name: self._put_tensor(t) for name, t in whole.items()}
        form = {"calls": calls.as_json(), "constant": constant, "tensors": tensors}
        write_json(self.entry(key_of(about)), {"about": about, **form})

    def _put_tensor(self, tensor: Tensor) -> str:
        data = save({"value": tensor.cpu().clone().contiguous()})
        content = sha256(data).hexdigest()
        if not self.tensor(content).exists():
            write_aside(self.tensor(content), lambda aside: aside.write_bytes(data))
        return content

    def _read(self, model: LatentDiffusion, keys: Sequence[str]) -> Tensors:
        return _join([self._get(key, model) for key in keys])

    def _get(self, key: str, model: LatentDiffusion) -> Tensors:
        path = self.entry(key)
        try:
            entry = json.loads(path.read_text("utf-8"))
            value: Tensors = {}
            for name, content in entry["tensors"].items():
                path = self.tensor(content)
                value[name] = load_file(path, device=str(model.device))["value"]
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            files = " and ".join(dict.fromkeys((str(self.entry(key)), str(path))))
            raise InputError(
                f"the cache is damaged ({error}): delete {files}, and run again"
            ) from error
        self.saved += Calls.from_json(entry["calls"])
        for name, length in entry["constant"].items():
            value[name] = value[name].expand(-1, length, -1, -1)
        return value


def key_of(about: About) -> str:
    """The key of an entry."""
    return sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _join(items: Sequence[Tensors]) -> Tensors:
    return {name: torch.cat([item[name] for item in items]) for name in items[0]}
