"""The same result set in a second precision: what it changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from experiments.report.command import Report
from experiments.report.summary import Statistic, Summary
from experiments.table import Entry, Table, escape_markdown, markdown


def beside(report: Report, second: Report) -> str:
    """The main table in the second precision, the largest differences, and verdicts that differ."""
    ours, theirs = (_precision(one) for one in (report, second))
    parts = [f"### In {theirs}, beside {ours}\n", markdown(second.tables[0])]
    parts.append(markdown(_differences(report.summary, second.summary, (ours, theirs))))
    changed = list(_changed(report, second))
    parts += changed or [f"- Every verdict is that of {ours}.\n"]
    return "\n".join(parts)


def _precision(report: Report) -> str:
    found = {str(cell.config.precision) for cell in report.summary.result_set.cells}
    return " and ".join(sorted(found))


def _differences(first: Summary, second: Summary, names: tuple[str, str]) -> Table:
    ours, theirs = names
    places = {second.name(position): position for position in second.cells.index}
    same = {i: places[first.name(i)] for i in first.cells.index if first.name(i) in places}
    found = ((one, _most(first, second, one, same)) for one in first.statistics)
    rows = [_row(first, statistic, most) for statistic, most in found if most is not None]
    header = ("quantity", f"{theirs} − {ours}", "in the cell", ours, theirs, "one picture")
    caption = f"The largest differences of a cell's mean, and of one picture, in {theirs}."
    return Table(caption, header, tuple(rows), labels=1)


@dataclass(frozen=True)
class _Most:
    """The cell whose means differ most, both means, and the largest difference of one value."""

    position: int
    means: tuple[float, float]
    picture: float


def _most(
    first: Summary, second: Summary, statistic: Statistic, same: Mapping[int, int]
) -> _Most | None:
    """What differs most between the cells of ``same``; None where nothing is measured in both."""
    means = [summary.of(statistic.id)["mean"].to_dict() for summary in (first, second)]
    pairs = {i: (float(means[0][i]), float(means[1][j])) for i, j in same.items()}
    finite = {i: abs(b - a) for i, (a, b) in pairs.items() if np.isfinite(b - a)}
    if not finite:
        return None
    apart = [
        (second.scores(j, statistic.metric) - first.scores(i, statistic.metric)).abs()
        for i, j in same.items()
    ]
    values = np.concatenate([one.to_numpy() for one in apart])
    most = max(finite, key=lambda position: finite[position])
    return _Most(most, pairs[most], float(values[np.isfinite(values)].max(initial=0)))


def _row(summary: Summary, statistic: Statistic, most: _Most) -> tuple[Entry, ...]:
    digits, (before, after) = statistic.decimals, most.means
    numbers = (f"{before:.{digits}f}", f"{after:.{digits}f}")
    # The statistic of one picture is that of its metric alone.
    one = f"{most.picture:.{digits}f}" if statistic.id == statistic.metric else "–"
    name = summary.name(most.position)
    said = (statistic.header, f"{after - before:+.{digits}f}", name, *numbers, one)
    return tuple(map(Entry, said))


def _changed(report: Report, second: Report) -> Iterator[str]:
    pairs = zip([*report.claims, *report.truths], [*second.claims, *second.truths], strict=True)
    for ours, theirs in pairs:
        if ours.grade.verdict != theirs.grade.verdict:
            yield f"- Differs from {_precision(report)}: {escape_markdown(theirs.sentence())}\n"
