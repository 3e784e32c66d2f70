"""Means over the items for which their metrics are defined."""

import numpy as np

from experiments.report.completeness import shortfalls
from experiments.report.coverage import coverage
from experiments.report.paper import read_paper
from experiments.report.summary import summarise
from experiments.report.tables import listings
from experiments.store.atomic import read_lines, write_lines
from experiments.store.result_set import ResultSet
from tests.unit.synthetic import psnrs, write_cell


def summary_of(results):
    return summarise(ResultSet.read(results / "table2/scenes-scenes"), read_paper())


def tables_of(results):
    return coverage(summary_of(results))


def test_where_all_is_defined_there_is_no_table(tmp_path):
    write_cell(tmp_path, "table2", "pti", psnrs(25))
    assert tables_of(tmp_path) == []


def row_of(table, name="PTI"):
    """The entries of a method, without its name; the paper's table has further rows."""
    (row,) = [row for row in table.rows if row[0].text == name]
    return row[1:]


def test_the_published_way_and_the_strict_one(tmp_path):
    folder = write_cell(tmp_path, "table2", "pti", psnrs(25))
    lines = list(read_lines(folder / "scores.jsonl"))
    lines[0]["psnr[0,1]"] = lines[1]["ssim[0,1]"] = np.nan
    write_lines(folder / "scores.jsonl", lines)
    psnr, ssim = (np.array([line[name] for line in lines]) for name in ("psnr[0,1]", "ssim[0,1]"))
    (published,) = listings(summary_of(tmp_path))
    own = {
        head: entry.text
        for head, entry in zip(published.header[1:], row_of(published), strict=True)
    }
    assert own["psnr[0,1] ↑"] == f"{np.nanmean(psnr):.2f} (n = 15)"
    assert own["ssim[0,1] ↑"] == f"{np.nanmean(ssim):.3f} (n = 15)"
    assert "n = " not in own["psnr-of-mean-mse[0,1] ↑"]
    (strict,) = tables_of(tmp_path)
    assert "over the 14 items" in strict.caption
    assert row_of(strict)[0].text == f"{psnr[2:].mean():.2f}"


def test_all_rows_have_the_same_items(tmp_path):
    for method, item in (("pti", 0), ("nti", 1)):
        folder = write_cell(tmp_path, "table2", method, psnrs(25))
        lines = list(read_lines(folder / "scores.jsonl"))
        lines[item]["psnr[0,1]"] = np.nan
        write_lines(folder / "scores.jsonl", lines)
    (strict,) = tables_of(tmp_path)
    assert "over the 14 items" in strict.caption
    expected = np.mean([line["ssim[0,1]"] for line in lines[2:]])
    assert [row_of(strict, name)[1].text for name in ("PTI", "NTI")] == [f"{expected:.3f}"] * 2


def test_what_was_not_measured_is_counted_and_said(tmp_path):
    folder = write_cell(tmp_path, "table2", "pti", psnrs(25))
    lines = list(read_lines(folder / "scores.jsonl"))
    for line in lines[:6]:
        del line["ssim[0,1]"]
    write_lines(folder / "scores.jsonl", lines)
    summary = summary_of(tmp_path)
    (published,) = listings(summary)
    assert [entry.text for entry in row_of(published) if "(n = 10)" in entry.text]
    said = "PTI: 6 of 16 images are not measured by ssim[0,1] yet, as a run does where"
    assert [one for one in shortfalls(summary) if one.startswith(said)]
    (strict,) = tables_of(tmp_path)
    assert "over the 10 items" in strict.caption


def test_a_metric_without_any_value_does_not_empty_the_others(tmp_path):
    folder = write_cell(tmp_path, "table2", "pti", psnrs(25))
    lines = [{**line, "psnr[0,1]": np.inf} for line in read_lines(folder / "scores.jsonl")]
    write_lines(folder / "scores.jsonl", lines)
    (strict,) = tables_of(tmp_path)
    assert "over the 16 items" in strict.caption
    ssim = np.mean([line["ssim[0,1]"] for line in lines])
    assert [entry.text for entry in row_of(strict)[:2]] == ["–", f"{ssim:.3f}"]
