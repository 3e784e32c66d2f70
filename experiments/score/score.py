"""Scoring a cell from its files: its results compared with their inputs."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import torch

from data.progress import bar
from data.task import Benchmark
from experiments.score.class_means import class_means
from experiments.score.classes import score_classes
from experiments.score.measuring import Measuring
from experiments.score.metric_set import MetricSet
from experiments.score.pictures import digest_of, knows, pictures_of
from experiments.score.readings import Readings
from experiments.store.atomic import append_lines
from experiments.store.cell import Cell
from experiments.store.entries import CLASS_MEANS, READINGS
from experiments.store.formats import SCORES, Score

TOGETHER = 16
"""Pictures whose scores are written together, and measured together on a GPU."""


def score(
    folder: Path, metrics: MetricSet, tasks: Benchmark, cache: Path, device: torch.device
) -> None:
    """Append what a done item's score lacks of its current picture, metrics and their code.

    Where the metrics compare classes, also write ``classes.jsonl``. ``cache`` is the folder of
    class means and of what metrics read of inputs, and ``device`` is where pictures are measured.
    Raises ``InputError`` where the data set lacks pictures of its classes.
    """
    cell, digests = Cell.read(folder), metrics.digests
    measure = Measuring(digests, Readings(cache / READINGS), device)
    images = {key: digest_of(cell.image(key)) for key in sorted(cell.done)}
    known = {key: _still_right(cell.scores.get(key), images[key], digests) for key in images}
    todo = [key for key, by in known.items() if digests.keys() - by]
    with bar(total=len(todo), desc=f"score {folder.name}", unit="picture", leave=False) as shown:
        for keys in _alike(todo, lambda key: (knows(cell, key), frozenset(known[key]))):
            held = known[keys[0]]
            lacking = {id_: one for id_, one in metrics.by_id.items() if id_ not in held}
            pictures, lines = [pictures_of(cell, key) for key in keys], list[dict[str, Any]]()
            for key, values in zip(keys, measure(lacking, pictures), strict=True):
                by, before = {**known[key], **digests}, cell.scores.get(key)
                kept = {id_: before.values[id_] for id_ in known[key]} if before else {}
                line = Score(key, images[key], by, kept | values, device.type)
                lines.append(line.written())
                shown.update()
            append_lines(folder / SCORES, lines)
    if metrics.network is not None and images:
        means = partial(class_means, tasks, folder=cache / CLASS_MEANS, device=device)
        score_classes(cell, list(images), metrics.network, metrics.measures, means, device)


def _alike(keys: Iterable[str], of: Callable[[str], Hashable]) -> Iterator[list[str]]:
    """Runs of keys of which the same is known, of at most ``TOGETHER``."""
    for _, same in groupby(keys, of):
        while part := list(islice(same, TOGETHER)):
            yield part


def _still_right(score: Score | None, image: str, digests: Mapping[str, str]) -> dict[str, str]:
    """The digests of a score that hold: its picture is the same, and so are today's metrics.

    A metric that is not asked for today keeps its value.
    """
    if score is None or score.image_sha256 != image:
        return {}
    return {name: by for name, by in score.by.items() if digests.get(name, by) == by}
