"""Tables of results by tag, such as the kinds of edit, where items differ in theirs."""

from collections import defaultdict
from collections.abc import Mapping

from eval.bootstrap import Interval
from experiments.report.intervals import mean_of
from experiments.report.summary import Statistic, Summary, shown
from experiments.report.tables import caption, counted, ranked, value_entry
from experiments.store.cell import Cell
from experiments.table import Entry, Table

Tags = Mapping[str, frozenset[str]]
"""Tags by the key of an item, or by the name of a class."""


def by_tag(summary: Summary) -> list[Table]:
    """A table per statistic of the main table: a row per cell, a column per tag.

    There is none where all items have the same tags.
    """
    tagged = {i: tags_of(cell) for i, cell in enumerate(summary.measured) if cell is not None}
    kept = {tags for names in tagged.values() for tags in names.values()}
    if len(kept) < 2:
        return []
    heads = sorted(frozenset.union(*kept))
    shown_first = summary.measures.headline or summary.measures.quantities
    return [_table(summary, Statistic.mean(one), tagged, heads) for one in shown_first]


def tags_of(cell: Cell) -> Tags:
    """The tags of each finished item, and of each class those that all of its items have."""
    items = {key: frozenset(cell.records[key].tags) for key in cell.done}
    classes: defaultdict[str, list[frozenset[str]]] = defaultdict(list)
    for key, tags in items.items():
        if (name := cell.records[key].target_class) is not None:
            classes[name].append(tags)
    return {**items, **{name: frozenset.intersection(*each) for name, each in classes.items()}}


def _table(
    summary: Summary, statistic: Statistic, tagged: Mapping[int, Tags], heads: list[str]
) -> Table:
    means = {
        position: [_mean(summary, position, statistic, tagged[position], tag) for tag in heads]
        for position in ranked(summary)
        if position in tagged
    }
    rows: list[tuple[Entry, ...]] = []
    for position, of_tags in means.items():
        cell = summary.cells.loc[position]
        fields = [Entry(shown(cell[field])) for field in summary.fields]
        entries = [value_entry(x.value, x.low, x.high, statistic) for x in of_tags]
        rows.append((Entry(str(cell["label"])), *fields, *entries))
    counts = [counted([x.n for x in column]) for column in zip(*means.values(), strict=True)]
    columns = [f"{tag} (n = {count})" for tag, count in zip(heads, counts, strict=True)]
    header = ("method", *summary.fields, *columns)
    what = f"{statistic.header} by kind of item, mean [95% interval]"
    return Table(caption(summary, what), header, tuple(rows), 1 + len(summary.fields))


def _mean(summary: Summary, position: int, statistic: Statistic, tags: Tags, tag: str) -> Interval:
    scores = summary.scores(position, statistic.metric)
    chosen = [name for name in scores.index if tag in tags.get(str(name), ())]
    cell = summary.measured[position]
    return mean_of(cell, scores.reindex(chosen), statistic.metric, statistic.of_mean)
