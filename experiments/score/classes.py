"""The quantities of all results for a class together: ``classes.jsonl`` of a cell."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from eval.csfid import class_distances, sfid
from eval.feature_network import FeatureNetwork
from eval.frechet import frechet_distance, gaussian
from experiments.score.class_means import Mean, reader_of
from experiments.score.pictures import digest_of, read_image
from experiments.store.atomic import write_aside, write_lines
from experiments.store.cell import Cell
from experiments.store.formats import CLASSES, EVERYTHING, FEATURES, ClassLine
from experiments.store.measures import Measures


def score_classes(
    cell: Cell,
    keys: Sequence[str],
    network: FeatureNetwork,
    measures: Measures,
    means: Callable[..., dict[str, Mean]],
) -> None:
    """Write a line for each class and one for all results, of the items ``keys``.

    ``means`` gives the mean features of real pictures, of the classes, by the network, for
    pictures of a given side.
    """
    classes = [str(cell.records[key].target_class) for key in keys]
    results = [cell.image(key) for key in keys]
    reader = reader_of(network)[:16]
    features = _features(cell.folder, network, reader, [*results, *map(cell.input, keys)])
    made, given = features[: len(results)], features[len(results) :]
    of_classes = means(classes, network, read_image(results[0]).shape[-1])
    plain, corrected = (quantity.id for quantity in measures.classes)
    lines = [
        ClassLine(name, found.n, reader, {plain: found.distance, corrected: found.corrected})
        for name, found in class_distances(made, classes, of_classes).items()
    ]
    few = len(made) < 2  # one picture has no covariance
    values = (
        sfid(made, np.mean(list(of_classes.values()), axis=0)),
        np.nan if few else frechet_distance(gaussian(made), gaussian(given)),
    )
    of_all = {one.id: value for one, value in zip(measures.everything, values, strict=True)}
    everything = ClassLine(EVERYTHING, len(made), reader, of_all)
    write_lines(cell.folder / CLASSES, (line.written() for line in [*lines, everything]))


def _features(
    folder: Path, network: FeatureNetwork, reader: str, images: list[Path]
) -> Float[np.ndarray, "n d"]:
    """The features of each image; ``folder`` caches them by ``reader`` and image digest."""
    path = folder / FEATURES
    kept: dict[str, Any] = dict(np.load(path)) if path.exists() else {}
    digests = [f"{reader}-{digest_of(image)}" for image in images]
    for image, digest in zip(images, digests, strict=True):
        if digest not in kept:
            with torch.no_grad():
                kept[digest] = network(read_image(image))[0].cpu().numpy()
    write_aside(path, lambda aside: _save(aside, {digest: kept[digest] for digest in digests}))
    return np.stack([kept[digest] for digest in digests])


def _save(path: Path, features: dict[str, Any]) -> None:
    with path.open("wb") as stream:
        np.savez(stream, **features)
