"""Trade-off curves: what scales them, what tells their curves apart, and where words stand."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from experiments.report.looks import COLOURS, MARKERS, look
from experiments.report.paper import read_paper
from experiments.report.summary import summarise
from experiments.report.trade_off import draw_trade_off, draw_truth
from experiments.store.result_set import ResultSet
from tests.unit.synthetic import edits, write_curves, write_edits, write_oracles

# Machado, Oliveira and Fernandes (2009), severity 1; of linear RGB.
SEEN_BY = {
    "all": np.eye(3),
    "protanopes": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopes": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopes": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def summary_of(results, experiment="figure4"):
    return summarise(ResultSet.read(results / experiment / "scenes-scenes"), read_paper())


def words_of(figure):
    return [text for text in figure.axes[0].texts if text.get_text()]


def labels_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize("draw_", [draw_trade_off, draw_truth])
def test_oracles_stand_at_the_rim_and_do_not_set_the_axes(tmp_path, draw_):
    write_curves(tmp_path)
    alone = draw_(summary_of(tmp_path)).axes[0]
    write_oracles(tmp_path)
    figure = draw_(summary_of(tmp_path))
    axes = figure.axes[0]
    assert axes.get_xlim() == alone.get_xlim()
    assert axes.get_ylim() == alone.get_ylim()
    (retrieve,) = [line for line in axes.lines if line.get_label().startswith("RETRIEVE")]
    (low, high), (bottom, _) = axes.get_xlim(), axes.get_ylim()
    rim = {draw_trade_off: (high, bottom), draw_truth: (low, bottom)}[draw_]
    assert (retrieve.get_xdata()[0], retrieve.get_ydata()[0]) == pytest.approx(rim)
    values = {draw_trade_off: "5.970, 429", draw_truth: "12.23, 11.68"}[draw_]
    assert any(f"RETRIEVE ({values}" in label and "beyond" in label for label in labels_of(figure))
    assert "RETRIEVE" in [text.get_text() for text in words_of(figure)]


def test_an_oracle_without_a_value_is_written_below(tmp_path):
    write_curves(tmp_path)
    write_oracles(tmp_path)
    assert "COPY (–, 16.74)" in labels_of(draw_truth(summary_of(tmp_path)))


def test_an_oracle_among_the_methods_is_a_point_like_theirs(tmp_path):
    write_curves(tmp_path)
    write_edits(tmp_path, "copy", edits(2.0, 530.0))
    figure: Any = draw_trade_off(summary_of(tmp_path))
    assert any(label.startswith("COPY (2.000, 530") for label in labels_of(figure))
    assert "beyond" not in " ".join(labels_of(figure))


def test_oracles_alone_are_a_figure(tmp_path):
    write_oracles(tmp_path)
    figure: Any = draw_trade_off(summary_of(tmp_path))
    low, high = figure.axes[0].get_ylim()
    assert low < 429 < 1939 < high
    assert "beyond" not in " ".join(labels_of(figure))


def test_twelve_curves_share_no_colour_and_no_marker(tmp_path):
    looks = [look(number) for number in range(12)]
    assert len({one["color"] for one in looks}) == len({one["marker"] for one in looks}) == 12
    assert len({tuple(look(number).items()) for number in range(36)}) == 36
    write_curves(tmp_path, count=12)
    figure: Any = draw_trade_off(summary_of(tmp_path))
    lines = figure.axes[0].lines
    assert {(line.get_color(), line.get_marker()) for line in lines} == set(
        zip(COLOURS, MARKERS, strict=True)
    )


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_colours_are_told_apart_by(eyes):
    channels = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in COLOURS])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    seen = (linear @ np.transpose(SEEN_BY[eyes])).clip(0, 1)
    seen = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    for first, second in combinations(rgb2lab(seen[None])[0], 2):
        assert deltaE_ciede2000(first, second) > 10


@pytest.mark.parametrize("count", [5, 12])
def test_thresholds_stand_beside_their_points_and_hide_nothing(tmp_path, count):
    write_curves(tmp_path, count)
    write_oracles(tmp_path)
    figure: Any = draw_trade_off(summary_of(tmp_path))
    figure.draw_without_rendering()
    axes, words = figure.axes[0], words_of(figure)
    thresholds = sorted(["0.1", "0.3", "0.5", "0.7", "0.9"] * (count - 1))
    assert sorted(text.get_text() for text in words) == [*thresholds, "COPY", "RETRIEVE"]
    boxes = [_letters(text) for text in words]
    for first, second in combinations(boxes, 2):
        assert not first.overlaps(second)
    points = np.concatenate([axes.transData.transform(line.get_xydata()) for line in axes.lines])
    assert not any(box.contains(*point) for box in boxes for point in points)
    rim = axes.get_window_extent().padded(2)
    assert all(rim.containsx(x) and rim.containsy(y) for b in boxes for x, y in b.corners())


def _letters(text):
    """Where the letters are, without the line that leads to them."""
    outer: Any = super(type(text), text)
    return outer.get_window_extent()
