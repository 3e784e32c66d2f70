"""Inversions by editors: the grid's tables, its heat map and its sheet."""

import pytest

from experiments.report.mend import mend
from experiments.report.pair_grid import draw_gallery, draw_heatmap, tables
from experiments.report.paper import read_paper
from experiments.report.summary import summarise
from experiments.store.result_set import ResultSet
from tests.unit.synthetic import LAYOUTS, psnrs, write_cell

PAIRS = {
    ("p2p", "direct"): (22.0, 160),
    ("p2p", "pti"): (23.0, 320),
    ("target", "direct"): (21.0, 120),
}


@pytest.fixture
def summary(tmp_path, monkeypatch):
    monkeypatch.setitem(LAYOUTS, "grid", ("grid", {"inversion": "method.inversion"}))
    for seed, ((editor, inversion), (mean, calls)) in enumerate(PAIRS.items()):
        values, name = psnrs(mean, seed), f"{editor},inversion={inversion}"
        write_cell(tmp_path, "grid", editor, values, cell=name, calls=(calls, 0))
        config = tmp_path / "grid/scenes-scenes/cells" / name / "config.yaml"
        config.write_text(
            config.read_text().replace("method:\n", f"method:\n  inversion: {inversion}\n")
        )
    return summarise(ResultSet.read(tmp_path / "grid/scenes-scenes"), read_paper())


def rows_of(table):
    return [[entry.text for entry in row] for row in table.rows]


def test_a_row_an_inversion_and_a_column_an_editor(summary):
    quality, costs, *_ = tables(summary)
    assert quality.header[:3] == ("inversion", "P2P", "target prompt")
    assert [row[:3] for row in rows_of(quality)] == [
        ["direct", "22.00", "21.00"],
        ["pti", "23.00", "–"],
    ]
    assert rows_of(costs) == [["direct", "160", "120"], ["pti", "320", "–"]]


def test_the_heat_map_has_each_mean_once(summary):
    figure = draw_heatmap(summary)
    assert figure is not None
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert sorted(texts) == sorted(["22.00", "21.00", "23.00", "–"])


def test_the_sheet_has_the_inversions_down_and_the_editors_across(summary):
    figure = draw_gallery(summary)
    assert figure is not None
    shown = [axes for axes in figure.axes if axes.images]
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    downs = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert titles[:2] == ["P2P", "target prompt"]
    assert downs == ["direct", "direct", "pti", "pti"], "beside both pictures"
    assert len(shown) == 2 * (1 + len(PAIRS)), "the input, and the edits that there are"
    assert mend(summary) == []
