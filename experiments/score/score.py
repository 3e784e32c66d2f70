"""Scoring a cell from its files: its results compared with their inputs."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image

from data.images import to_tensor
from data.progress import bar
from data.task import Benchmark
from eval.csfid import class_distances, sfid
from eval.feature_network import FeatureNetwork
from eval.frechet import frechet_distance, gaussian
from eval.metric import Pictures
from eval.regions import changed
from experiments.score.class_means import Mean, class_means, reader_of
from experiments.score.metric_sets import Suite, suite
from experiments.store.atomic import append_lines, write_aside, write_lines
from experiments.store.cell import Cell
from experiments.store.formats import CLASSES, EVERYTHING, FEATURES, SCORES, ClassLine, Score
from pti.types import Image as Images


def score(folder: Path, tasks: Benchmark, cache: Path) -> None:
    """Append a score for each done item that lacks one of its current picture and suite.

    Where the suite compares classes, also write ``classes.jsonl``. ``cache`` is the folder of
    cached class means. Raises ``InputError`` where the data set lacks pictures of its classes.
    """
    cell = Cell.read(folder)
    measures = suite(cell.config.metrics)
    digests = {key: _digest(cell.image(key)) for key in sorted(cell.done)}
    made_with = measures.digest()
    todo = [key for key in digests if not _is_scored(cell, key, digests[key], made_with)]
    for key in bar(todo, desc=f"score {folder.name}", unit="picture", leave=False):
        line = Score(key, digests[key], made_with, _measure(measures, cell, key))
        append_lines(folder / SCORES, [line.written()])
    if measures.network is not None and digests:
        means = partial(class_means, tasks, folder=cache / "classes")
        _score_classes(cell, measures.network, digests, means)


def _is_scored(cell: Cell, key: str, image: str, made_with: str) -> bool:
    line = cell.scores.get(key)
    return line is not None and (line.image_sha256, line.suite) == (image, made_with)


def read_image(path: Path) -> Images:
    """Read a PNG as a batch of one."""
    with Image.open(path) as picture:
        return to_tensor(np.asarray(picture.convert("RGB")))[None]


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _measure(measures: Suite, cell: Cell, key: str) -> dict[str, float]:
    pictures = pictures_of(cell, key)
    return {metric.id: metric.measure(pictures).item() for metric in measures.metrics}


def pictures_of(cell: Cell, key: str) -> Pictures:
    """All that an item's result may be compared with, from the files."""
    record, source = cell.records[key], read_image(cell.input(key))
    truth = read_image(cell.truth(key)) if cell.truth(key).exists() else None
    if cell.region(key).exists():
        region = read_image(cell.region(key))[:, :1] > 0.5
    else:
        region = None if truth is None else changed(truth, source)
    return Pictures(
        read_image(cell.image(key)),
        source,
        truth,
        region,
        None if record.target_class is None else (record.target_class,),
        prompt=(record.target,),
    )


def _score_classes(
    cell: Cell,
    network: FeatureNetwork,
    digests: dict[str, str],
    means: Callable[..., dict[str, Mean]],
) -> None:
    """Write ``classes.jsonl``: a line for each class, and one for all results."""
    measures = suite(cell.config.metrics)
    classes = [str(cell.records[key].target_class) for key in digests]
    results = [cell.image(key) for key in digests]
    features = _features(cell.folder, network, [*results, *map(cell.input, digests)])
    made, given = features[: len(results)], features[len(results) :]
    of_classes = means(classes, network, read_image(results[0]).shape[-1])
    plain, corrected = (quantity.id for quantity in measures.of_classes)
    lines = [
        ClassLine(name, found.n, {plain: found.distance, corrected: found.corrected})
        for name, found in class_distances(made, classes, of_classes).items()
    ]
    few = len(made) < 2  # one picture has no covariance
    values = (
        sfid(made, np.mean(list(of_classes.values()), axis=0)),
        np.nan if few else frechet_distance(gaussian(made), gaussian(given)),
    )
    of_all = {quantity.id: value for quantity, value in zip(measures.of_all, values, strict=True)}
    everything = ClassLine(EVERYTHING, len(made), of_all)
    write_lines(cell.folder / CLASSES, (line.written() for line in [*lines, everything]))


def _features(
    folder: Path, network: FeatureNetwork, images: list[Path]
) -> Float[np.ndarray, "n d"]:
    """The features of each image; ``folder`` caches them by ``reader_of`` and image digest."""
    path = folder / FEATURES
    kept: dict[str, Any] = dict(np.load(path)) if path.exists() else {}
    reader = reader_of(network)[:16]
    digests = [f"{reader}-{_digest(image)}" for image in images]
    for image, digest in zip(images, digests, strict=True):
        if digest not in kept:
            with torch.no_grad():
                kept[digest] = network(read_image(image))[0].cpu().numpy()
    write_aside(path, lambda aside: _save(aside, {digest: kept[digest] for digest in digests}))
    return np.stack([kept[digest] for digest in digests])


def _save(path: Path, features: dict[str, Any]) -> None:
    with path.open("wb") as stream:
        np.savez(stream, **features)
