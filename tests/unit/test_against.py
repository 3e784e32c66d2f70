"""Three pictures show why an ordering of the paper does not hold: those that speak most against."""

import json
import shutil
from typing import Any

import numpy as np
import pytest

from experiments.report.against import draw_against
from experiments.report.paper import read_paper
from experiments.report.sheet import read_picture
from experiments.report.summary import summarise
from experiments.store.atomic import write_lines
from experiments.store.result_set import ResultSet
from tests.unit.synthetic import KEYS, edits, write_edits

WORST = (KEYS[5], KEYS[2], KEYS[11])


@pytest.fixture
def summary_of(tmp_path):
    """Figure 4 with ``pti`` dB inside at each of three thresholds, and ``WORST`` worse still."""

    def made(pti, ddim_edit=19.0):
        for method, inside in (("pti", pti), ("ddim_edit", ddim_edit)):
            for step, threshold in enumerate((0.1, 0.3, 0.5)):
                fields: dict[str, Any] = {"edit.mask.threshold": threshold}
                write_edits(tmp_path, method, edits(2.0, 500.0, 20.0 + step, inside), **fields)
        folder = tmp_path / "figure4/scenes-scenes"
        shutil.copytree(folder / "inputs", folder / "truths")
        for file in folder.glob("cells/pti*/scores.jsonl"):
            lines = [json.loads(line) for line in file.read_text().splitlines()]
            for loss, key in zip((3.0, 2.0, 1.0), WORST, strict=True):
                lines[KEYS.index(key)]["percept-inside-scenes"] += loss
            write_lines(file, lines)
        return summarise(ResultSet.read(folder), read_paper())

    return made


def test_the_pictures_are_those_on_which_the_claim_s_method_loses_most(summary_of):
    summary = summary_of(18.0)
    figure: Any = draw_against(summary)
    rows = np.array(figure.axes).reshape(3, 4)
    for row, key in zip(rows, WORST, strict=True):
        path = summary.result_set.folder / "inputs" / f"{key}.png"
        np.testing.assert_array_equal(row[0].images[0].get_array(), np.asarray(read_picture(path)))
        assert row[1].get_xlabel().startswith("PTI threshold=")
        assert row[2].get_xlabel().startswith("DDIM-Edit threshold=")
        assert row[3].get_xlabel() == "true edit"
    assert "percept-inside-scenes 5." in rows[0, 1].get_xlabel()


def test_nothing_speaks_against_a_claim_that_holds(summary_of):
    assert draw_against(summary_of(20.0)) is None
