"""The quantities of all results for a class together: ``classes.jsonl`` of a cell."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch

from eval.csfid import ClassDistance, Features, class_distances, distances_without, sfid
from eval.feature_network import FeatureNetwork
from eval.frechet import frechet_distance, gaussian
from experiments.score.class_means import BATCH, Mean, reader_of
from experiments.score.pictures import digest_of, parts_for, read_image
from experiments.store.alone import alone_on
from experiments.store.atomic import write_aside, write_lines
from experiments.store.cell import Cell
from experiments.store.formats import CLASSES, EVERYTHING, FEATURES, ClassLine
from experiments.store.measures import Measures
from experiments.store.sources import digest, sources


def score_classes(
    cell: Cell,
    keys: Sequence[str],
    network: FeatureNetwork,
    measures: Measures,
    means: Callable[..., dict[str, Mean]],
    device: torch.device,
) -> None:
    """Write a line for each class and one for all results, of the items ``keys``.

    ``means`` gives the mean features of real pictures, of the classes, by the network, for
    pictures of a given side. Nothing is computed where pictures, means and code are as before.
    """
    classes = [str(cell.records[key].target_class) for key in keys]
    results = _Files.of(network, map(cell.image, keys))
    inputs = _Files.of(network, map(cell.input, keys))
    of_classes = means(classes, network, read_image(results.paths[0]).shape[-1])
    code = digest(sources((__name__,)))
    of = _digest([code, network.id, keys, classes, results.digests, inputs.digests], of_classes)
    if EVERYTHING in cell.classes and cell.classes[EVERYTHING].of == of:
        return
    made = _features(cell.folder / FEATURES, network, results, device)
    given = _features(cell.shared / FEATURES, network, inputs, device)
    ids, by = [quantity.id for quantity in measures.classes], reader_of(network)[:16]
    lines = list(_lines(keys, classes, made, of_classes, ids, by))
    few = len(made) < 2  # one picture has no covariance
    values = (
        sfid(made, np.mean(list(of_classes.values()), axis=0)),
        np.nan if few else frechet_distance(gaussian(made), gaussian(given)),
    )
    of_all = {one.id: value for one, value in zip(measures.everything, values, strict=True)}
    everything = ClassLine(EVERYTHING, len(made), by, of_all, of)
    write_lines(cell.folder / CLASSES, (line.written() for line in [*lines, everything]))


def _lines(
    keys: Sequence[str],
    classes: list[str],
    made: Features,
    means: Mapping[str, Mean],
    ids: list[str],
    by: str,
) -> Iterator[ClassLine]:
    def values(found: ClassDistance) -> dict[str, float]:
        return dict(zip(ids, (found.distance, found.corrected), strict=True))

    without = list(zip(keys, classes, distances_without(made, classes, means), strict=True))
    for name, found in class_distances(made, classes, means).items():
        left_out = {key: values(one) for key, its, one in without if its == name}
        yield ClassLine(name, found.n, by, values(found), without=left_out)


@dataclass(frozen=True)
class _Files:
    """Picture files; each digest is that of the file and of the network that reads it."""

    paths: list[Path]
    digests: list[str]

    @classmethod
    def of(cls, network: FeatureNetwork, paths: Iterable[Path]) -> "_Files":
        reader, files = reader_of(network)[:16], list(paths)
        return cls(files, [f"{reader}-{digest_of(file)}" for file in files])


def _digest(about: list[Any], means: Mapping[str, Mean]) -> str:
    whole = sha256(json.dumps(about).encode())
    for name, mean in sorted(means.items()):
        whole.update(name.encode() + mean.tobytes())
    return whole.hexdigest()


def _features(
    kept_in: Path, network: FeatureNetwork, files: _Files, device: torch.device
) -> Features:
    """The features of each picture; the file ``kept_in`` keeps those of its last pictures."""
    kept: dict[str, Any] = dict(np.load(kept_in)) if kept_in.exists() else {}
    paths = dict(zip(files.digests, files.paths, strict=True))
    new = [name for name in paths if name not in kept]
    for start in range(0, len(new), BATCH):
        for names in parts_for(device, new[start : start + BATCH]):
            images = torch.cat([read_image(paths[name]) for name in names])
            with torch.no_grad(), alone_on(device.type):
                kept |= zip(names, network(images.to(device)).cpu().numpy(), strict=True)
    if new:
        of_files = {name: kept[name] for name in paths}
        write_aside(kept_in, lambda aside: _save(aside, of_files))
    return np.stack([kept[name] for name in files.digests])


def _save(path: Path, features: dict[str, Any]) -> None:
    with path.open("wb") as stream:
        np.savez(stream, **features)
