"""The paper's claims about curves, against the truth: known gaps, paired by picture."""

import json
from typing import Any

import numpy as np
import pytest

from eval.paired import holm
from experiments.report.command import ABOUT_TRUTH, TRUTH, Report
from experiments.report.paper import read_paper
from experiments.report.summary import summarise
from experiments.report.verdicts import grade_against_truth
from experiments.store.atomic import write_lines
from experiments.store.result_set import ResultSet
from tests.unit.synthetic import KEYS, edits, write_edits


@pytest.fixture
def curves(tmp_path):
    """Writes a curve of four thresholds: ``inside`` dB to the truth at 20 to 23 dB outside."""

    def write(method, inside, csfid=500.0):
        for step, threshold in enumerate((0.1, 0.3, 0.5, 0.7)):
            fields: dict[str, Any] = {"edit.mask.threshold": threshold}
            place = edits(2.0 - 0.3 * step, csfid, 20.0 + step, inside - 0.4 * step)
            write_edits(tmp_path, method, place, **fields)

    return write


def set_in(tmp_path):
    return ResultSet.read(tmp_path / "figure4" / "scenes-scenes")


def graded(tmp_path, of="psnr-inside"):
    summary = summarise(set_in(tmp_path), read_paper())
    return [one for one in grade_against_truth(summary) if of in one.claim.claim]


def test_a_curve_that_is_nearer_to_the_truth_at_every_preservation_is_better(tmp_path, curves):
    curves("pti", 19.0)
    curves("ddim_edit", 18.5)
    first, second, _ = graded(tmp_path)
    assert first.claim.claim.startswith("PTI is better than DDIM-Edit, by psnr-inside[0,1] at")
    assert first.claim.source.startswith("ours")
    assert first.grade.verdict == "reproduced"
    assert first.grade.weakest.difference.value == pytest.approx(0.5)
    assert first.grade.weakest.difference.n == len(KEYS), "pictures, not classes"
    assert second.grade.verdict == "undecided", "DiffEdit is not there"
    assert second.shown(second.grade.weakest.difference) == "not measured"


def test_the_quantity_s_own_direction_decides(tmp_path, curves):
    curves("pti", 18.5)
    curves("ddim_edit", 19.5)
    assert graded(tmp_path)[0].grade.verdict == "contradicted"
    percept = graded(tmp_path, "percept")[0].grade
    assert percept.verdict == "contradicted"
    assert percept.weakest.difference.value == pytest.approx(-0.1), "of a distance"
    assert graded(tmp_path, "accuracy")[0].grade.verdict == "equal"


def test_a_picture_without_a_value_in_one_cell_is_left_out_of_all(tmp_path, curves):
    curves("pti", 19.0)
    curves("ddim_edit", 18.5)
    (file,) = (set_in(tmp_path).folder / "cells").glob("*ddim_edit*0.5*/scores.jsonl")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[3]["psnr-outside[0,1]"] = np.inf
    write_lines(file, lines)
    found = graded(tmp_path)[0].grade.weakest.difference
    assert (found.n, found.undefined) == (len(KEYS) - 1, 1)
    assert found.value == pytest.approx(0.5, abs=0.02)


def test_the_report_has_them_in_a_section_of_their_own(tmp_path, curves):
    curves("pti", 19.0)
    curves("ddim_edit", 18.5)
    report = Report.of(set_in(tmp_path), read_paper())
    text = report.markdown([])
    papers, ours = text.split(f"## {TRUTH}")
    assert ABOUT_TRUTH in ours
    assert "at equal" not in papers
    assert len(report.claims) * 3 == len(report.truths), "by three quantities"
    assert report.entry()["verdicts"] == [one.grade.verdict for one in report.claims]


def test_without_a_measure_of_what_is_kept_there_are_none(tmp_path, curves):
    curves("pti", 19.0)
    curves("ddim_edit", 18.5)
    for file in set_in(tmp_path).folder.glob("cells/*/metrics.json"):
        file.write_text(json.dumps(json.loads(file.read_text()) | {"kept": None}))
    assert graded(tmp_path, "") == []


def test_a_claim_s_quantities_are_corrected_for_their_number(tmp_path, curves):
    curves("pti", 19.0)
    curves("ddim_edit", 18.5)
    parts = [one.grade.weakest for one in graded(tmp_path, "PTI is better than DDIM-Edit")]
    assert [part.p for part in parts] == pytest.approx(holm([part.difference.p for part in parts]))


def test_the_smallest_difference_that_matters_is_the_metric_set_s(tmp_path, curves):
    curves("pti", 19.0)
    measures = summarise(set_in(tmp_path), read_paper()).measures
    assert {one.matters for one in measures.classes} == {40.0}
    assert {one.matters for one in measures.pictures if one.unit == "dB"} == {0.1}
