"""Results by kind: the tables of a report whose items have tags."""

import pytest

from experiments.report.by_tag import by_tag
from experiments.report.paper import read_paper
from experiments.report.summary import summarise
from experiments.store.atomic import read_lines, write_lines
from experiments.store.result_set import ResultSet
from tests.unit.synthetic import KEYS, edits, write_edits


def tag(folder, tag_of):
    lines = read_lines(folder / "records.jsonl")
    tagged = [{**line, "tags": tag_of(line["key"])} for line in lines]
    write_lines(folder / "records.jsonl", tagged)


def tables_of(results):
    return by_tag(summarise(ResultSet.read(results / "figure4/scenes-scenes"), read_paper()))


def first_half(key):
    return ["shape"] if KEYS.index(key) < 8 else ["colour"]


@pytest.mark.parametrize("tag_of", [lambda _: [], lambda _: ["shape"]])
def test_alike_items_have_no_tables_by_kind(tmp_path, tag_of):
    tag(write_edits(tmp_path, "pti", edits(2.0, 500.0)), tag_of)
    assert tables_of(tmp_path) == []


def test_each_kind_has_the_mean_of_its_own_items_and_classes(tmp_path):
    folder = write_edits(tmp_path, "pti", edits(2.0, 500.0))
    tag(folder, first_half)
    of_items = [line["percept-scenes"] for line in read_lines(folder / "scores.jsonl")]
    of_classes = [line["csfid-scenes"] for line in read_lines(folder / "classes.jsonl")]
    tables = tables_of(tmp_path)
    for name, values, decimals in (("percept", of_items, 3), ("csfid", of_classes, 2)):
        n = len(values) // 2
        (table,) = [table for table in tables if f" {name}-scenes " in table.caption]
        assert table.header[-2:] == (f"colour (n = {n})", f"shape (n = {n})")
        (row,) = table.rows
        means = [sum(half) / n for half in (values[n:], values[:n])]
        assert [entry.text for entry in row[-2:]] == [f"{mean:.{decimals}f}" for mean in means]
        assert row[-1].detail.startswith("[")


def test_a_class_of_several_kinds_counts_only_where_all_of_its_items_do(tmp_path):
    folder = write_edits(tmp_path, "pti", edits(2.0, 500.0))
    tag(folder, lambda key: ["edit", "odd"] if KEYS.index(key) % 2 else ["edit"])
    (table,) = [t for t in tables_of(tmp_path) if "csfid-scenes " in t.caption]
    assert table.header[-2:] == ("edit (n = 8)", "odd (n = 0)")
    assert table.rows[0][-1].text == "–"
