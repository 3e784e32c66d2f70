"""Scoring a cell from its files: its results compared with their inputs."""

from collections.abc import Mapping
from functools import partial
from math import nan
from pathlib import Path

from data.progress import bar
from data.task import Benchmark
from eval.metric import Metric, Pictures
from experiments.score.class_means import class_means
from experiments.score.classes import score_classes
from experiments.score.metric_set import MetricSet
from experiments.score.pictures import digest_of, pictures_of
from experiments.store.atomic import append_lines
from experiments.store.cell import Cell
from experiments.store.entries import CLASS_MEANS
from experiments.store.formats import SCORES, Score


def score(folder: Path, metrics: MetricSet, tasks: Benchmark, cache: Path) -> None:
    """Append what a done item's score lacks of its current picture, metrics and their code.

    Where the metrics compare classes, also write ``classes.jsonl``. ``cache`` is the folder of
    cached class means. Raises ``InputError`` where the data set lacks pictures of its classes.
    """
    cell, digests = Cell.read(folder), metrics.digests
    images = {key: digest_of(cell.image(key)) for key in sorted(cell.done)}
    known = {key: _still_right(cell.scores.get(key), images[key], digests) for key in images}
    todo = [key for key, by in known.items() if digests.keys() - by]
    for key in bar(todo, desc=f"score {folder.name}", unit="picture", leave=False):
        pictures, kept = pictures_of(cell, key), known[key]
        values = {id_: cell.scores[key].values[id_] for id_ in kept}
        for metric in metrics.metrics.values():
            if metric.quantity.id not in kept:
                values[metric.quantity.id] = _value(metric, pictures)
        line = Score(key, images[key], {**kept, **digests}, values)
        append_lines(folder / SCORES, [line.written()])
    if metrics.network is not None and images:
        means = partial(class_means, tasks, folder=cache / CLASS_MEANS)
        score_classes(cell, list(images), metrics.network, metrics.measures, means)


def _value(metric: Metric, pictures: Pictures) -> float:
    """The metric of one picture; NaN where what it needs is not known of this one."""
    if any(getattr(pictures, need) is None for need in metric.needs):
        return nan
    return metric(pictures).item()


def _still_right(score: Score | None, image: str, digests: Mapping[str, str]) -> dict[str, str]:
    """The digests of a score that hold: its picture is the same, and so are today's metrics.

    A metric that is not asked for today keeps its value.
    """
    if score is None or score.image_sha256 != image:
        return {}
    return {name: by for name, by in score.by.items() if digests.get(name, by) == by}
