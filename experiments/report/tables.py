"""Arranges the numbers of a report in tables, by the experiment's layout."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isnan, nan
from statistics import fmean
from typing import Any, get_args

import pandas as pd
from hydra.utils import get_object
from pandas import DataFrame

from experiments.report.summary import Statistic, Summary, shown
from experiments.store.cell import Cell
from experiments.table import Entry, Table
from pti.diffusion.calls import Calls, Kind

MISSING = Entry("–")


def tables_of(summary: Summary) -> list[Table]:
    """The report's tables by its layout; the first is the main one."""
    tables: Callable[[Summary], list[Table]] = get_object(summary.result_set.layout.tables)
    return tables(summary)


def caption(summary: Summary, what: str) -> str:
    """A caption: the experiment's title, ``what`` is shown, and the model and data behind it."""
    return f"{summary.table.title}: {what}. {made_of(summary)}"


def made_of(summary: Summary) -> str:
    """A sentence that names the model, the data and the number of images."""
    counts = [summary.images(position) for position in summary.cells.index]
    result_set = summary.result_set
    return f"Model {result_set.model}, data {result_set.data}, n = {counted(counts)}."


def counted(counts: Sequence[int]) -> str:
    """The number that all counts are, or their range."""
    low, high = min(counts), max(counts)
    return f"{high}" if low == high else f"{low} to {high}"


def paper_header(summary: Summary) -> str:
    """The heading of the column with the paper's numbers."""
    return f"paper ({summary.table.setting})"


def grids(summary: Summary) -> list[Table]:
    """A grid per statistic and method: first field down, second across; the diagonal in bold."""
    down, across = summary.fields
    return [
        _grid(summary, statistic, rows, (down, across))
        for statistic in summary.statistics
        for _, rows in summary.of(statistic.id).groupby("method", sort=False)
    ]


def _grid(
    summary: Summary, statistic: Statistic, means: DataFrame, fields: tuple[str, str]
) -> Table:
    down, across = fields
    heads, columns = sorted(means[down].unique()), sorted(means[across].unique())
    spots = means.set_index([down, across])
    rows = [
        (
            Entry(shown(head)),
            *(
                _value(spots.loc[(head, column)], statistic, bold=head == column)
                if (head, column) in spots.index
                else MISSING
                for column in columns
            ),
        )
        for head in heads
    ]
    method = means["method"].iloc[0]
    what = f"{statistic.header} of {method}, mean [95% interval]; {down} down, {across} across"
    names = [f"{across} {shown(column)}" for column in columns]
    notes = _notes(summary, [(statistic, means)])
    return Table(caption(summary, what), (down, *names), tuple(rows), 1, notes)


def columns(summary: Summary) -> list[Table]:
    """A table per statistic: a row per values of the fields, a column per method, best in bold."""
    return [versus(summary, statistic) for statistic in summary.statistics]


def versus(summary: Summary, statistic: Statistic) -> Table:
    """A row per values of the fields, a column per method, the best of each row in bold."""
    means: Any = summary.of(statistic.id)
    methods = list(means["method"].unique())
    rows: list[tuple[Entry, ...]] = []
    for values, group in means.groupby(summary.fields, dropna=False):
        by_method = group.set_index("method")
        best = by_method["mean"].max() if statistic.higher_is_better else by_method["mean"].min()
        entries = [
            _value(by_method.loc[method], statistic, bold=by_method.loc[method, "mean"] == best)
            if method in by_method.index
            else MISSING
            for method in methods
        ]
        counts = [_each(by_method[column]) for column in ("n", "failed")]
        labels = [Entry(shown(value)) for value in values]
        rows.append((*labels, *entries, *counts, *_paper(summary, statistic, by_method)))
    header = (*summary.fields, *methods, "n", "failed")
    if _has_paper(summary, statistic):
        header = (*header, paper_header(summary))
    what = f"{statistic.header}, mean [95% interval]"
    notes = _notes(summary, [(statistic, means)])
    return Table(caption(summary, what), header, tuple(rows), len(summary.fields), notes)


def _paper(summary: Summary, statistic: Statistic, by_method: DataFrame) -> tuple[Entry, ...]:
    known = by_method["paper"].dropna()
    texts = [f"{method} {value:.{statistic.decimals}f}" for method, value in known.items()]
    return (Entry(", ".join(texts) or "–"),) if _has_paper(summary, statistic) else ()


def _has_paper(summary: Summary, statistic: Statistic) -> bool:
    return any(number.metric == statistic.id for number in summary.table.numbers)


def _each(counts: pd.Series) -> Entry:
    """One count where all methods have the same, otherwise one per method."""
    if counts.nunique() == 1:
        return Entry(str(counts.iloc[0]))
    return Entry(", ".join(f"{method} {count}" for method, count in counts.items()))


def ranked(summary: Summary) -> list[int]:
    """Positions of the cells in the order of rows: the paper's, or best first where fields vary."""
    if not summary.fields or summary.result_set.layout.along:
        return list(summary.cells.index)
    return best_first(summary)


def best_first(summary: Summary) -> list[int]:
    """Positions of the cells; the first statistic decides, and the following ones break ties."""
    means: Any = summary.cells[[]]
    for statistic in reversed(summary.statistics):
        values = summary.of(statistic.id)["mean"] * (-1 if statistic.higher_is_better else 1)
        means = means.assign(value=values).sort_values("value", kind="stable")
    return means.index.tolist()


def listings(summary: Summary) -> list[Table]:
    """Tables with a row per cell, a column per statistic, and UNet calls per image.

    Metrics with a headline give two tables, the headline first; otherwise there is one.
    """
    first = [Statistic.mean(quantity) for quantity in summary.measures.headline]
    ids = {statistic.id for statistic in first}
    others = [statistic for statistic in summary.statistics if statistic.id not in ids]
    return [_listing(summary, statistics) for statistics in (first, others) if statistics]


def _listing(summary: Summary, statistics: list[Statistic]) -> Table:
    header = ["method", *summary.fields]
    for statistic in statistics:
        header += [statistic.header, *([paper_header(summary)] * _has_paper(summary, statistic))]
        header += ["n", "failed"] * (statistic is statistics[0])
    rows = tuple(_row(summary, position, statistics) for position in ranked(summary))
    what = "mean [95% interval], and UNet calls per image"
    costs = ("UNet forwards", "UNet backwards")
    labels = 1 + len(summary.fields)
    notes = _notes(summary, [(statistic, summary.of(statistic.id)) for statistic in statistics])
    return Table(caption(summary, what), (*header, *costs), rows, labels, notes)


def _row(summary: Summary, position: int, statistics: list[Statistic]) -> tuple[Entry, ...]:
    cell = summary.cells.loc[position]
    failed = summary.of(statistics[0].id).loc[position]["failed"]
    images = (Entry(str(summary.images(position))), Entry(str(failed)))
    entries = [Entry(str(cell["label"])), *(Entry(shown(cell[f])) for f in summary.fields)]
    for statistic in statistics:
        row = summary.of(statistic.id).loc[position]
        entries.append(_value(row, statistic))
        if _has_paper(summary, statistic):
            known = not pd.isna(row["paper"])
            entries.append(Entry(f"{row['paper']:.{statistic.decimals}f}" if known else "–"))
        entries += images * (statistic is statistics[0])
    return (*entries, *_calls(summary.measured[position]))


def _notes(summary: Summary, columns: Sequence[tuple[Statistic, DataFrame]]) -> tuple[str, ...]:
    """Notes that explain negative values, for the statistics that have any."""
    return tuple(
        f"{statistic.id} below 0: {quantity.below_zero}."
        for statistic, means in columns
        if (quantity := summary.measures.quantity(statistic.id)) is not None
        and quantity.below_zero
        and bool((means[["mean", "low"]].to_numpy(float) < 0).any())
    )


def _calls(cell: Cell | None) -> tuple[Entry, ...]:
    return tuple(MISSING if isnan(mean) else Entry(f"{mean:g}") for mean in mean_calls(cell))


def mean_calls(cell: Cell | None) -> tuple[float, ...]:
    """Mean UNet forwards and backwards per finished image; NaN where no image is finished."""
    done = [] if cell is None else [cell.records[key] for key in cell.done]
    calls = [Calls.from_json(record.calls) for record in done]
    return tuple(
        fmean(call.total(kind) for call in calls) if calls else nan for kind in get_args(Kind)
    )


def _value(row: Any, statistic: Statistic, *, bold: bool = False) -> Entry:
    entry = value_entry(row["mean"], row["low"], row["high"], statistic, bold=bold)
    part = row["undefined"] or row["unmeasured"]
    return covering(entry, row["n"]) if row["n"] and part else entry


def covering(entry: Entry, n: int) -> Entry:
    """The entry with the number of items that its mean covers."""
    return replace(entry, text=f"{entry.text} (n = {n})")


def value_entry(
    mean: float, low: float, high: float, statistic: Statistic, *, bold: bool = False
) -> Entry:
    """A statistic's value with its interval; a dash where it is not defined."""
    if pd.isna(mean):
        return MISSING
    value, least, most = (f"{x:.{statistic.decimals}f}" for x in (mean, low, high))
    return Entry(value, "" if pd.isna(low) else f"[{least}, {most}]", bold)
