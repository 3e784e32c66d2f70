"""Summarises per-image scores: means with intervals, counts, and the paper's numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from pandas import DataFrame, Series, isna

from eval.bootstrap import Means, OfMean, as_is
from eval.quantity import MSE, PSNR, Quantity
from experiments.jobs.schema import CONFIGS
from experiments.report.intervals import mean_of
from experiments.report.paper import Paper, PaperTable
from experiments.store.cell import Cell
from experiments.store.fields import IMPORTED, takes_mask
from experiments.store.measures import Measures
from experiments.store.result_set import ResultSet

GIVEN = " (mask given)"
"""The end of the name of a method whose edits blend with masks from the user."""

MADE_ELSEWHERE = " (imported)"
"""The end of the name of a method whose pictures other code made."""


@dataclass(frozen=True)
class Statistic:
    """A statistic of a cell: a function of the mean of a metric over its images."""

    id: str
    metric: str
    of_mean: OfMean
    higher_is_better: bool
    decimals: int

    @property
    def header(self) -> str:
        """The id with an arrow in the direction of better values."""
        return f"{self.id} {'↑' if self.higher_is_better else '↓'}"

    @classmethod
    def mean(cls, quantity: Quantity) -> "Statistic":
        """The plain mean."""
        return cls(quantity.id, quantity.id, as_is, quantity.higher_is_better, quantity.decimals)


def psnr_of_mse(means: Means) -> Means:
    """PSNR in dB of mean squared errors; bad images weigh more than in the mean of PSNRs."""
    with np.errstate(divide="ignore"):  # exact copies have an infinite PSNR
        return -10 * np.log10(means)


PSNR_OF_MSE = Statistic("psnr-of-mean-mse[0,1]", MSE.id, psnr_of_mse, True, PSNR.decimals)


@dataclass(frozen=True)
class Summary:
    """A result set and its statistics.

    ``cells`` has a row per cell that exists or that the paper's table asks for, and ``measured``
    has the cells in the same order, None for a missing one. ``means`` has a row per cell and
    statistic. ``labels`` maps methods to the names that reports use.
    """

    result_set: ResultSet
    table: PaperTable
    labels: dict[str, str]
    cells: DataFrame
    measured: tuple[Cell | None, ...]
    means: DataFrame

    @property
    def fields(self) -> list[str]:
        """Names of the swept fields."""
        return list(self.result_set.fields)

    @property
    def along(self) -> str:
        """The field that varies along a curve; empty where nothing is shown as curves."""
        return self.result_set.layout.along or ""

    @property
    def measures(self) -> Measures:
        """What the pictures were measured by."""
        return measures_of(self.result_set)

    @property
    def statistics(self) -> list[Statistic]:
        """The shown statistics in order; squared error appears as the PSNR of its mean."""
        return [one for one in statistics_of(self.measures) if one.id != MSE.id]

    def name(self, position: int, but: str = "") -> str:
        """A cell's name: its method and the swept fields that it has, except the field ``but``."""
        row = self.cells.loc[position]
        return in_words(row["label"], {f: row[f] for f in self.fields if f != but})

    def named(self) -> list[tuple[str, Cell]]:
        """The cells that exist, each with its name."""
        return [(self.name(i), cell) for i, cell in enumerate(self.measured) if cell is not None]

    def scores(self, position: int, metric: str) -> Series:
        """A metric of a cell, by image key or by class."""
        return scores_of(self.measured[position], metric)

    def images(self, position: int) -> int:
        """The number of a cell's images that are scored."""
        cell = self.measured[position]
        return 0 if cell is None else len(cell.done & cell.scores.keys())

    def of(self, statistic: str) -> DataFrame:
        """Means of one statistic, in the order and with the index of ``cells``."""
        return self.means[self.means["metric"] == statistic].set_index("cell")


def summarise(result_set: ResultSet, paper: Paper) -> Summary:
    """The summary from which tables, figures and verdicts are made."""
    table = paper.table(result_set.experiment, result_set.fields)
    labels = labels_of(result_set)
    cells, measured = _lay_out(result_set, table, paper.order, labels)
    rows = [
        {
            "cell": position,
            "method": cells.loc[position, "label"],
            **{field: cells.loc[position, field] for field in result_set.fields},
            **_describe(cell, statistic),
            "paper": _number(table, cells, position, statistic.id),
        }
        for position, cell in enumerate(measured)
        for statistic in statistics_of(measures_of(result_set))
    ]
    return Summary(result_set, table, labels, cells, tuple(measured), DataFrame(rows))


def labels_of(result_set: ResultSet) -> dict[str, str]:
    """What reports call a method, by its name: by its cell's config, else by configs/method/."""
    files = (OmegaConf.load(path) for path in sorted((CONFIGS / "method").glob("*.yaml")))
    configs = [*files, *(cell.config.method for cell in result_set.cells)]
    # Not resolved: a file may name its method after a field that only a run sets.
    methods: list[Any] = [OmegaConf.to_container(config) for config in configs]
    named = [method for method in methods if {"name", "label"} <= method.keys()]
    labels = {method["name"]: method["label"] for method in named}
    ends = ("", GIVEN, MADE_ELSEWHERE)
    return {f"{name}{end}": f"{label}{end}" for name, label in labels.items() for end in ends}


def method_of(cell: Cell) -> str:
    """The name of a cell's method; with masks from the user, or imported, it is another one.

    So neither the paper's numbers nor its claims are about it.
    """
    config = cell.config
    if config.method.get("_target_") == IMPORTED:
        return f"{config.method.name}{MADE_ELSEWHERE}"
    given = str(config.get("goal")) == "edit" and takes_mask(config.method)
    return f"{config.method.name}{GIVEN if given else ''}"


def measures_of(result_set: ResultSet) -> Measures:
    """What the results are measured by; the most where the cells differ in that."""
    return max((cell.measures for cell in result_set.cells), key=lambda one: len(one.quantities))


def statistics_of(measures: Measures) -> list[Statistic]:
    """The mean of each quantity; where squared errors are measured, also the PSNR of their mean."""
    of_mse = [PSNR_OF_MSE] if measures.quantity(MSE.id) else []
    return [*map(Statistic.mean, measures.quantities), *of_mse]


def scores_of(cell: Cell | None, metric: str) -> Series:
    """A metric of a cell, by key of scored images or by class; undefined values are NaN or inf."""
    if cell is None:
        return Series(dtype=float)
    images = {key: cell.scores[key] for key in sorted(cell.done & cell.scores.keys())}
    values = {name: line.values for name, line in {**images, **cell.classes}.items()}
    of_metric = {name: value[metric] for name, value in values.items() if metric in value}
    return Series(of_metric, dtype=float)


def used_model(cell: Cell | None) -> bool:
    """Whether the cell's pictures took UNet calls; those of oracles and the autoencoder did not."""
    return cell is not None and any(any(r.calls.values()) for r in cell.records.values())


def in_words(method: str | None, fields: Mapping[str, Any]) -> str:
    """A method and the values of fields as text; fields without a value are left out."""
    known = [f"{name}={shown(value)}" for name, value in fields.items() if not isna(value)]
    return " ".join([*([method] if method else []), *known])


def shown(value: Any) -> str:
    """A field's value as text; a dash where the method lacks the field."""
    if isna(value):
        return "–"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _lay_out(
    result_set: ResultSet, table: PaperTable, first: list[str], labels: dict[str, str]
) -> tuple[DataFrame, list[Cell | None]]:
    """Rows and cells in the paper's order of methods, then by fields, missing cells included."""
    rows = [{"method": method_of(cell), **_fields(result_set, cell)} for cell in result_set.cells]
    missing = [
        spot for spot in table.grid() if not any(spot.items() <= row.items() for row in rows)
    ]
    columns = ["method", *result_set.fields]
    cells = DataFrame(rows + missing, columns=columns)
    order = [*first, *sorted(set(cells["method"]) - set(first))]
    cells["label"] = [labels.get(method, method) for method in cells["method"]]
    twice = cells.duplicated(["label", *result_set.fields], keep=False)
    folders = [cell.folder.name for cell in result_set.cells] + [""] * len(missing)
    cells["label"] = cells["label"].where(~twice, folders)
    cells = cells.assign(rank=cells["method"].map(order.index))
    cells = cells.sort_values(["rank", *result_set.fields], kind="stable").drop(columns="rank")
    have: Sequence[Cell | None] = [*result_set.cells, *[None] * len(missing)]
    return cells.reset_index(drop=True), [have[position] for position in cells.index]


def _fields(result_set: ResultSet, cell: Cell) -> dict[str, Any]:
    return {name: OmegaConf.select(cell.config, path) for name, path in result_set.fields.items()}


def _describe(cell: Cell | None, statistic: Statistic) -> dict[str, Any]:
    scores = scores_of(cell, statistic.metric)
    made = mean_of(cell, scores, statistic.metric, statistic.of_mean)
    failed = 0 if cell is None else len(cell.records) - len(cell.done)
    of_classes = cell is None or cell.classes.keys() & set(scores.index)
    return {
        "metric": statistic.id,
        "mean": made.value,
        "low": made.low,
        "high": made.high,
        "n": made.n,
        "undefined": made.undefined,
        "unmeasured": 0 if cell is None or of_classes else len(cell.done) - len(scores),
        "failed": failed,
    }


def _number(table: PaperTable, cells: DataFrame, position: int, statistic: str) -> float:
    """The paper's number for a cell; NaN where there is none."""
    for number in table.numbers:
        if number.metric == statistic and position in cells.query(number.cell).index:
            return number.value
    return float("nan")
