"""The mean over a cell's images or its classes, or a difference, with its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from pandas import Series

from eval.bootstrap import Interval, OfMean, as_is, interval
from eval.jackknife import stratified_interval
from experiments.store.cell import Cell
from experiments.store.formats import ClassLine

Left = Mapping[str, Mapping[str, float]]
"""By class, its value with each of its images left out, by the image's key."""


def mean_of(cell: Cell | None, scores: Series, metric: str, of_mean: OfMean = as_is) -> Interval:
    """``of_mean`` of the mean of ``scores``, which are values of ``metric`` by image.

    For an interval images are drawn anew. Values by class have their plain mean; classes stay,
    images are drawn anew within each, and ``n`` counts classes. What is of all results together is
    a single value.
    """
    if cell is None or not any(metric in line.values for line in cell.classes.values()):
        return interval(scores.to_numpy(), of_mean)
    defined: Any = scores[np.isfinite(scores)]
    left = {str(name): _left_out(cell.classes[str(name)], metric) for name in defined.index}
    undefined = len(scores) - len(defined)
    return replace(_of_classes(defined, left), n=len(defined), undefined=undefined)


def difference_of_classes(first: Cell, second: Cell, metric: str) -> Interval:
    """The mean difference of a quantity of classes, over those with the same images in both.

    Classes stay, and images are drawn anew within each.
    """
    values, left = dict[str, float](), dict[str, Mapping[str, float]]()
    for name, keys in shared_classes([first, second]).items():
        a, b = first.classes[name], second.classes[name]
        values[name] = a.values[metric] - b.values[metric]
        left[name] = {key: a.without[key][metric] - b.without[key][metric] for key in keys}
    return _of_classes(Series(values, dtype=float), left)


def shared_classes(cells: Sequence[Cell]) -> dict[str, list[str]]:
    """Classes that have the same images in every cell, as CSFID depends on their number.

    The values are the keys of these images. Classes that earlier code scored are left out.
    """
    first, *rest = [
        {name: sorted(line.without) for name, line in cell.classes.items()} for cell in cells
    ]
    return {
        name: keys
        for name, keys in sorted(first.items())
        if keys and all(keys == one.get(name) for one in rest)
    }


def _left_out(line: ClassLine, metric: str) -> Mapping[str, float]:
    """Of a class that earlier code scored, a value that is not defined."""
    return {key: values[metric] for key, values in line.without.items()} or {"": np.nan}


def _of_classes(values: Series, left: Left) -> Interval:
    """The mean of ``values`` by class; ``n`` counts images."""
    mean = float(values.mean())
    changes = [
        (stratum, (without - value) / len(values))
        for stratum, (name, value) in enumerate(values.items())
        for without in left[str(name)].values()
    ]
    stratum, change = np.array(changes, float).reshape(-1, 2).T
    return stratified_interval(mean, mean + change, stratum.astype(int))
