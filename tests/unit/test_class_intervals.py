"""Intervals of CSFID in a report, against the same numbers made anew without each picture."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from eval.csfid import class_distances, distances_without
from experiments.report.completeness import shortfalls
from experiments.report.curves import compare_curves
from experiments.report.intervals import difference_of_classes, mean_of
from experiments.report.paper import read_paper
from experiments.report.summary import summarise
from experiments.report.verdicts import compare_cells
from experiments.store.atomic import read_lines, write_lines
from experiments.store.formats import ClassLine
from experiments.store.result_set import find_result_set
from tests.unit.synthetic import KEYS, edits, write_edits

CLASS = {key: f"class {number % 3}" for number, key in enumerate(KEYS)}  # of 6, 5 and 5
NAMES = sorted(set(CLASS.values()))
MEANS = {name: np.full(4, float(number)) for number, name in enumerate(NAMES)}
CELLS = [(method, threshold) for method in ("pti", "ddim_edit") for threshold in (0.1, 0.5)]
QUANTITIES: tuple[str, ...] = ("csfid-scenes", "csfid-corrected-scenes")


@pytest.fixture
def drawn():
    """Of each cell the distances to the input and the features of its pictures."""
    rng = np.random.default_rng(0)
    return {
        (method, threshold): (
            {key: threshold * 10 + rng.normal() for key in KEYS},
            {key: rng.normal(2.0, 1.0, 4) for key in KEYS},
        )
        for method, threshold in CELLS
    }


@pytest.fixture
def summary(tmp_path, drawn):
    for (method, threshold), (near, features) in drawn.items():
        fields: dict[str, Any] = {"edit.mask.threshold": threshold}
        folder = write_edits(tmp_path, method, edits(1.0, 500.0), **fields)
        for name, more in (
            ("records.jsonl", {key: {"target_class": CLASS[key]} for key in KEYS}),
            ("scores.jsonl", {key: {"percept-scenes": near[key]} for key in KEYS}),
        ):
            lines = [line | more[line["key"]] for line in read_lines(folder / name)]
            write_lines(folder / name, lines)
        write_lines(folder / "classes.jsonl", lines_of(features))
    return summarise(find_result_set(tmp_path, "figure4"), read_paper())


def lines_of(features, keys=KEYS[::-1]):
    """The lines of a cell; ``keys`` are in an order of their own."""
    rows, labels = np.stack([features[key] for key in keys]), [CLASS[key] for key in keys]
    without = zip(keys, distances_without(rows, labels, MEANS), strict=True)
    left = {
        key: dict(zip(QUANTITIES, (o.distance, o.corrected), strict=True)) for key, o in without
    }
    for name, found in class_distances(rows, labels, MEANS).items():
        values = dict(zip(QUANTITIES, (found.distance, found.corrected), strict=True))
        its = {key: left[key] for key in keys if CLASS[key] == name}
        yield ClassLine(name, found.n, "00", values, without=its).written()


def by_class(of_cell, keys, corrected):
    """The mean distance to the input and the CSFID of each class, over ``keys``."""
    near, features = of_cell
    its = {name: [key for key in keys if CLASS[key] == name] for name in NAMES}
    rows, labels = np.stack([features[key] for key in keys]), [CLASS[key] for key in keys]
    found = class_distances(rows, labels, MEANS)
    distances = [found[name].corrected if corrected else found[name].distance for name in NAMES]
    return np.array([[np.mean([near[key] for key in its[name]]) for name in NAMES], distances])


def expected(statistic):
    """The interval of a function of the keys of pictures."""
    without = {key: statistic([other for other in KEYS if other != key]) for key in KEYS}
    variances, freedom = 0.0, 0.0
    for name in NAMES:
        its = np.array([without[key] for key in KEYS if CLASS[key] == name])
        variance = (len(its) - 1) * its.var()
        variances, freedom = variances + variance, freedom + variance**2 / (len(its) - 1)
    half = stats.t.ppf(0.975, variances**2 / freedom) * np.sqrt(variances)
    value = statistic(list(KEYS))
    return value, value - half, value + half


def shown(found):
    return found.value, found.low, found.high


@pytest.mark.parametrize("corrected", [False, True])
def test_a_gap_between_curves(summary, drawn, corrected):
    def statistic(keys):
        """Two straight lines: their mean gap is that in the middle of what both reach."""
        first, second = (
            np.mean([by_class(drawn[method, t], keys, corrected) for t in (0.1, 0.5)], axis=2).T
            for method in ("pti", "ddim_edit")
        )
        middle = (max(first[0][0], second[0][0]) + min(first[0][1], second[0][1])) / 2
        return np.interp(middle, *second) - np.interp(middle, *first)

    found = compare_curves(summary, {"method": "pti"}, {"method": "ddim_edit"})[corrected]
    assert shown(found.difference) == pytest.approx(expected(statistic))
    assert found.difference.n == len(KEYS)
    assert found.p == found.difference.p


@pytest.mark.parametrize("corrected", [False, True])
def test_a_cell_s_mean_and_the_difference_of_two(summary, drawn, corrected):
    metric, pair = QUANTITIES[corrected], (CELLS[0], CELLS[2])
    places = [position_of(summary, *cell) for cell in pair]
    first, second = [summary.measured[place] for place in places]
    scores = summary.scores(places[0], metric)

    def mean(keys, cell, count=3):
        return float(np.mean(by_class(drawn[cell], keys, corrected)[1][:count]))

    found = mean_of(first, scores, metric)
    assert shown(found) == pytest.approx(expected(lambda keys: mean(keys, pair[0])))
    assert (found.n, found.undefined) == (3, 0)
    some = mean_of(first, scores[NAMES[:2]], metric)
    assert shown(some) == pytest.approx(expected(lambda keys: mean(keys, pair[0], 2)))
    difference = difference_of_classes(first, second, metric)
    assert shown(difference) == pytest.approx(
        expected(lambda keys: mean(keys, pair[0]) - mean(keys, pair[1]))
    )
    quantity = summary.measures.quantity(metric)
    of_cells = compare_cells(summary, places[0], places[1], quantity).difference
    assert shown(of_cells) == pytest.approx([-difference.value, -difference.high, -difference.low])


def test_a_class_of_one_picture_has_no_interval_and_the_report_says_so(summary, drawn):
    position = position_of(summary, *CELLS[0])
    assert not [one for one in shortfalls(summary) if "has no interval" in one]
    few = [*KEYS[:2], *(key for key in KEYS if CLASS[key] == NAMES[2])]
    folder = summary.measured[position].folder
    write_lines(folder / "classes.jsonl", lines_of(drawn[CELLS[0]][1], few))
    again = summarise(find_result_set(folder.parents[3], "figure4"), read_paper())
    (said,) = [one for one in shortfalls(again) if "has no interval" in one]
    assert said == (
        "PTI threshold=0.1: csfid-scenes has no interval, as a class has too few images."
    )
    row = again.of("csfid-scenes").loc[position]
    assert np.isfinite(row["mean"])
    assert np.isnan(row["low"])


def position_of(summary, method, threshold):
    labels = {"pti": "PTI", "ddim_edit": "DDIM-Edit"}
    names = [summary.name(position) for position in summary.cells.index]
    return names.index(f"{labels[method]} threshold={threshold}")
