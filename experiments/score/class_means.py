"""The mean features of real pictures of each class, cached by network and pictures."""

import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from data.images import square
from data.progress import bar
from data.task import Benchmark, Reference, WithReferences
from data.tensors import to_tensor
from eval.feature_network import FeatureNetwork
from experiments.store.alone import alone_on
from experiments.store.atomic import write_aside
from experiments.store.entries import RESERVED
from experiments.store.locks import reserved
from experiments.store.sources import digest, sources
from pti.errors import InputError

BATCH = 50

Mean = Float[np.ndarray, " d"]


def class_means(
    tasks: Benchmark,
    classes: Iterable[str],
    network: FeatureNetwork,
    side: int,
    *,
    folder: Path,
    device: torch.device,
) -> dict[str, Mean]:
    """The mean features of each class, by class; ``folder`` caches them.

    ``side`` is the size to which pictures are cropped and resized, in pixels, and ``device`` is
    where the network reads them. A different process that needs the same class waits for it. Raises
    ``InputError`` where the data set has no pictures of its classes.
    """
    if not isinstance(tasks, WithReferences):
        raise InputError(
            "this data set has no pictures of its classes, which CSFID needs: choose "
            "metrics=lpips or metrics=reconstruction"
        )
    references = {name: list(tasks.references(name)) for name in sorted(set(classes))}
    weights = f"{network.id} {reader_of(network)}"
    paths = {
        name: _path(folder, [weights, device.type, side], pictures)
        for name, pictures in references.items()
    }
    todo = [name for name, path in paths.items() if not path.exists()]
    for name in bar(todo, desc=f"class means, {network.id}", unit="class", disable=not todo):
        with reserved(folder / RESERVED, [paths[name].stem]):
            if not paths[name].exists():
                mean = _mean(references[name], network, side, device)
                write_aside(paths[name], lambda aside, mean=mean: _save(aside, mean))
    return {name: np.load(path) for name, path in paths.items()}


def reader_of(network: FeatureNetwork) -> str:
    """A digest of a network's weights, its code, and the code that prepares its pictures."""
    code = digest(sources((type(network).__module__, __name__)))
    return sha256(f"{network.digest()} {code}".encode()).hexdigest()


def _save(path: Path, mean: Mean) -> None:
    with path.open("wb") as stream:
        np.save(stream, mean)


def _path(folder: Path, made_by: list[Any], references: list[Reference]) -> Path:
    about = [*made_by, [reference.identity for reference in references]]
    return folder / f"{sha256(json.dumps(about).encode()).hexdigest()}.npy"


def _mean(
    references: list[Reference], network: FeatureNetwork, side: int, device: torch.device
) -> Mean:
    total = np.zeros(())
    for start in range(0, len(references), BATCH):
        opened = [reference.open() for reference in references[start : start + BATCH]]
        images = torch.stack([to_tensor(square(picture, side)) for picture in opened])
        with alone_on(device.type):
            total = total + network(images.to(device)).double().sum(0).cpu().numpy()
    return total / len(references)
