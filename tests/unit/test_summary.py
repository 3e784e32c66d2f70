import numpy as np
import pytest

from eval.bootstrap import interval
from experiments.report.paper import read_paper
from experiments.report.summary import shown, summarise
from experiments.store.atomic import append_lines
from experiments.store.formats import Record
from experiments.store.result_set import find_result_sets
from tests.unit.synthetic import KEYS, psnrs, write_cell, write_table1, write_table2, write_table3


def summary_of(results, experiment):
    (setting,) = find_result_sets(results, experiment)
    return summarise(setting, read_paper())


def row(summary, statistic, method):
    means = summary.of(statistic)
    (found,) = means[means["method"] == method].to_dict("records")
    return found


def test_methods_stand_in_the_papers_order_under_its_names(tmp_path):
    write_table2(tmp_path)
    write_cell(tmp_path, "table2", "mine", psnrs(20.0))
    summary = summary_of(tmp_path, "table2")
    assert summary.cells["label"].tolist() == ["AE", "DDIM", "NTI", "PTI", "mine"]


def test_psnr_is_averaged_both_ways(tmp_path):
    write_table2(tmp_path)
    summary = summary_of(tmp_path, "table2")
    values = np.array(list(psnrs(26.0, seed=3).values()))
    of_images = row(summary, "psnr[0,1]", "PTI")
    assert of_images["mean"] == pytest.approx(26.0)
    assert of_images["low"] == pytest.approx(interval(values).low)
    of_errors = row(summary, "psnr-of-mean-mse[0,1]", "PTI")
    assert of_errors["mean"] == pytest.approx(-10 * np.log10(np.mean(10 ** (-values / 10))))
    assert of_errors["low"] < of_errors["mean"] < of_errors["high"]
    assert of_errors["mean"] < of_images["mean"]
    assert row(summary, "ssim[0,1]", "PTI")["mean"] == pytest.approx(26.0 / 40)


def test_the_papers_number_stands_beside_its_own_cell_and_statistic_only(tmp_path):
    write_table3(tmp_path)
    means = summary_of(tmp_path, "table3").means
    known = [row for row in means.to_dict("records") if not np.isnan(row["paper"])]
    columns = ("method", "N", "lr", "metric", "paper")
    assert [tuple(row[column] for column in columns) for row in known] == [
        ("NTI", 5, 0.01, "psnr[0,1]", 24.45),
        ("PTI", 5, 0.01, "psnr[0,1]", 25.71),
    ]


def test_fields_are_read_from_each_cells_config(tmp_path):
    write_table1(tmp_path)
    summary = summary_of(tmp_path, "table1")
    assert len(summary.cells) == 25
    found = summary.of("psnr[0,1]").set_index(["forward omega", "omega"])
    assert found.loc[(2.5, 7.5), "mean"] == pytest.approx(30 - 2.5 - 1.5 * 5)


def test_failed_and_undefined_images_are_counted(tmp_path):
    values = psnrs(24.0) | {KEYS[0]: "out of memory", KEYS[1]: float("inf"), KEYS[2]: float("nan")}
    write_cell(tmp_path, "table2", "pti", values)
    found = row(summary_of(tmp_path, "table2"), "psnr[0,1]", "PTI")
    assert (found["n"], found["undefined"], found["failed"]) == (13, 2, 1)
    assert found["mean"] == pytest.approx(np.mean([float(values[key]) for key in KEYS[3:]]))


def test_only_the_last_record_of_an_image_counts(tmp_path):
    folder = write_cell(tmp_path, "table2", "pti", psnrs(24.0))
    again = Record(KEYS[0], "failed", caption="", target="", seed=0, error="gone")
    append_lines(folder / "records.jsonl", [again.written()])
    found = row(summary_of(tmp_path, "table2"), "psnr[0,1]", "PTI")
    assert (found["n"], found["failed"]) == (15, 1)


def test_cells_of_the_papers_grid_that_were_not_run_are_kept_as_missing(tmp_path):
    write_table3(tmp_path, counts=(1, 5))
    summary = summary_of(tmp_path, "table3")
    assert len(summary.cells) == 20
    assert sum(cell is None for cell in summary.measured) == 12
    absent = summary.of("psnr[0,1]").query("N == 3")
    assert absent["n"].tolist() == [0] * 4
    assert np.isnan(absent["mean"].tolist()).all()


def test_two_cells_of_one_method_are_told_apart_by_their_folders(tmp_path):
    write_cell(tmp_path, "single", "pti", psnrs(20.0), forward=0.0)
    write_cell(tmp_path, "single", "pti", psnrs(22.0), forward=1.0)
    summary = summary_of(tmp_path, "single")
    assert summary.cells["label"].tolist() == ["pti,forward=0.0", "pti,forward=1.0"]
    assert summary.of("psnr[0,1]")["mean"].tolist() == pytest.approx([20.0, 22.0])


@pytest.mark.parametrize(
    ("value", "text"), [(5, "5"), (2.5, "2.5"), (0.01, "0.01"), ("adam", "adam"), (None, "–")]
)
def test_values_are_shown_as_people_write_them(value, text):
    assert shown(value) == text
