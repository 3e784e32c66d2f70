"""The mean of a quantity over the images of a cell, or over its classes, with its interval."""

from dataclasses import replace
from typing import Any

import numpy as np
from pandas import Series

from eval.bootstrap import Interval, OfMean, as_is, interval
from eval.jackknife import stratified_interval
from experiments.store.cell import Cell


def mean_of(cell: Cell | None, scores: Series, metric: str, of_mean: OfMean = as_is) -> Interval:
    """``of_mean`` of the mean of ``scores``: values of ``metric`` by image, or by class.

    For an interval images are drawn anew. Of a quantity of classes these stay, and their images are
    drawn within each; its ``n`` counts classes.
    """
    if cell is None or not any(metric in line.values for line in cell.classes.values()):
        return interval(scores.to_numpy(), of_mean)
    defined: Any = scores[np.isfinite(scores)]
    mean, undefined = defined.mean(), len(scores) - len(defined)
    changes = [
        (number, (left_out[metric] - value) / len(defined))
        for number, (name, value) in enumerate(defined.items())
        for left_out in cell.classes[str(name)].without.values() or [{metric: np.nan}]
    ]
    stratum, change = np.array(changes, float).reshape(-1, 2).T
    found = stratified_interval(mean, mean + change, stratum.astype(int))
    return replace(found, n=len(defined), undefined=undefined)
