"""Methods beside their cost: who is better than whom, at equal cost, and the figures."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from eval.bootstrap import paired_interval
from eval.claims import Comparison
from eval.paired import holm, sign_flip_p
from eval.quantity import MSE, PSNR
from experiments.jobs.layouts import check_layout
from experiments.jobs.schema import CONFIGS
from experiments.report.cost import (
    budget_of,
    budget_tables,
    by_budget,
    contenders,
    mean_seconds,
    shown_quantities,
    tables,
)
from experiments.report.cost_figure import STAR, draw_budgets, draw_cost
from experiments.report.pairs import OUTCOMES, Pairs
from experiments.report.paper import read_paper
from experiments.report.pareto import pareto
from experiments.report.summary import summarise
from experiments.store.atomic import read_lines, write_lines
from experiments.store.formats import RECORDS
from experiments.store.result_set import ResultSet
from tests.unit.synthetic import (
    KEYS,
    LAYOUTS,
    edits,
    layout_of,
    measures,
    psnrs,
    write_cell,
    write_edits,
)

NEAR_NTI = psnrs(24.0, seed=1)
VALUES = {
    "pti": psnrs(30.0, seed=0),
    "nti": NEAR_NTI,
    "edict": {key: v + NEAR_NTI[key] for key, v in psnrs(0.0, seed=7, spread=0.02).items()},
    "direct": psnrs(23.9, seed=2),
    "ddim": psnrs(14.0, seed=3),
}
CALLS = {"pti": (400, 250), "nti": (400, 250), "edict": (200, 0), "direct": (150, 0)}
STEPS = {"steps": "method.invert.trace.steps"}


@pytest.fixture(autouse=True)
def layouts(monkeypatch):
    monkeypatch.setitem(LAYOUTS, "duel", ("cost", {}))
    monkeypatch.setitem(LAYOUTS, "budgets", ("budgets", STEPS))


@pytest.fixture
def duel(tmp_path):
    for method, values in VALUES.items():
        write_cell(tmp_path, "duel", method, values, calls=CALLS.get(method, (100, 0)))
    write_cell(tmp_path, "duel", "vae", psnrs(35.0, seed=4))
    return summary_of(tmp_path, "duel")


@pytest.fixture
def budgets(tmp_path):
    cells = {
        "ddim": {10: (20, 30), 20: (101, 0), 30: (150, 0), 50: (401, 0)},
        "pti": {5: (20, 20), 10: (100, 60)},
    }
    for method, by_steps in cells.items():
        for steps, calls in by_steps.items():
            values = psnrs(20.0 + steps / 10 + (method == "pti"), seed=steps)
            at: dict[str, Any] = {"calls": calls, "steps": steps, "cell": f"{method}-{steps}"}
            write_cell(tmp_path, "budgets", method, values, **at)
    return summary_of(tmp_path, "budgets")


def summary_of(results, experiment):
    return summarise(ResultSet.read(results / experiment / "scenes-scenes"), read_paper())


def texts(row):
    return [entry.text for entry in row]


@pytest.mark.parametrize("higher_is_better", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_the_front_has_whatever_nothing_else_matches(seed, higher_is_better):
    generator = np.random.default_rng(seed)
    calls, values = generator.integers(1, 9, size=(2, 12)).astype(float)
    calls[0], values[1] = np.inf, np.nan
    front = pareto(calls, values, higher_is_better=higher_is_better)
    places = {(x, v) for x, v in zip(calls, values, strict=True) if np.isfinite(x + v)}
    sign = 1 if higher_is_better else -1
    best = {
        (x, v)
        for x, v in places
        if not any(a <= x and sign * b >= sign * v for a, b in places - {(x, v)})
    }
    assert [(calls[i], values[i]) for i in front] == sorted(best)


def test_each_pair_is_decided_as_a_claim_would_be(duel):
    pairs = Pairs.of(duel, contenders(duel), PSNR)
    place = {duel.cells.loc[position, "method"]: position for position in contenders(duel)}
    every = list(combinations(VALUES, 2))
    numbers = {m: np.array([values[key] for key in KEYS]) for m, values in VALUES.items()}
    levels = holm([sign_flip_p(numbers[a] - numbers[b]) for a, b in every])
    assert len(pairs.parts) == len(every) == 10
    for (a, b), p in zip(every, levels, strict=True):
        found = paired_interval(numbers[a], numbers[b])
        by_hand = Comparison(a, b, found, p, PSNR.matters).verdict
        assert pairs.outcome(place[a], place[b]) == OUTCOMES[by_hand]
        assert pairs.difference(place[a], place[b]).low == pytest.approx(found.low)
        assert pairs.difference(place[b], place[a]).high == pytest.approx(-found.low)


def test_who_is_better_than_whom(duel):
    _, standings, _ = tables(duel)
    assert "p corrected for 10 pairs" in standings.caption
    assert standings.header[2:] == ("better than", "equal to", "not told apart from", "worse than")
    rows = {texts(row)[0]: texts(row)[2:] for row in standings.rows}
    assert next(iter(rows)) == "PTI"
    assert rows["PTI"] == ["all others", "–", "–", "–"]
    assert rows["NTI"] == ["DDIM", "EDICT", "Direct", "PTI"]
    assert rows["DDIM"] == ["–", "–", "–", "all others"]
    said = "NTI is better than 1 of 4, worse than 1, equal to 1 within ±0.1 dB, and not told apart"
    assert f"{said} from 1." in standings.notes


def test_pti_stands_against_each(duel):
    *_, table = tables(duel)
    assert table.header == ("against", "PTI − other, psnr[0,1] ↑", "PTI is")
    rows = {row[0].text: row[1:] for row in table.rows}
    assert set(rows) == {"NTI", "EDICT", "Direct", "DDIM"}
    assert texts(rows["DDIM"]) == ["+16.00", "better"]
    assert rows["DDIM"][0].detail.startswith("[+")


def test_a_difference_is_the_quantity_s_own_where_lower_is_better(duel):
    pairs = Pairs.of(duel, contenders(duel), MSE)
    first, *_, last = pairs.positions
    means = duel.of(MSE.id)["mean"]
    assert duel.name(first) == "PTI"
    assert pairs.outcome(first, last) == "better"
    found = pairs.difference(first, last)
    assert found.value == pytest.approx(means[first] - means[last])
    assert found.low < found.value < found.high < 0


def test_the_listing_has_every_cell_best_first(duel):
    listing, *_ = tables(duel)
    assert [row[0].text for row in listing.rows[:2]] == ["AE", "PTI"]
    assert len(listing.rows) == 6
    assert listing.header[-3:] == ("UNet forwards", "UNet backwards", "seconds")
    assert texts(listing.rows[1])[-3:] == ["400", "250", "0.50"]


def test_seconds_leave_out_what_the_cache_gave(tmp_path):
    folder = write_cell(tmp_path, "duel", "pti", psnrs(26.0))
    lines = [line | {"seconds": float(i)} for i, line in enumerate(read_lines(folder / RECORDS))]
    for kept in (3, 0):
        cached = [line | {"spent": {}} for line in lines[kept:]]
        write_lines(folder / RECORDS, [*lines[:kept], *cached])
        summary = summary_of(tmp_path, "duel")
        assert mean_seconds(summary.measured[0]) == (1.0 if kept else None)
    (listing,) = tables(summary)
    assert listing.rows[0][-1].text == "–"
    assert listing.notes[-1].startswith("Seconds: ")


def test_what_methods_are_compared_by():
    ids = [one.id for one in shown_quantities(measures("scenes"))]
    assert ids == ["psnr-to-truth[0,1]", "psnr-outside[0,1]", "accuracy-scenes"]
    assert shown_quantities(measures("reconstruction")) == [PSNR]


def test_a_cell_is_in_the_smallest_budget_that_it_fits_into(budgets):
    calls = [1.0, 50.0, 50.0000000001, 50.5, 400.0, 400.5, np.nan]
    assert [budget_of(one) for one in calls] == [50, 50, 50, 100, 400, None, None]
    chosen = {budget: set(positions) for budget, positions in by_budget(budgets).items()}
    assert chosen == {50: {"DDIM", "PTI"}, 100: set(), 200: {"DDIM", "PTI"}, 400: set()}


def test_budgets_have_the_cell_with_the_most_calls_and_the_best_in_bold(budgets):
    grid, *duels, listing = budget_tables(budgets)
    assert grid.header == ("method", "50 calls", "100 calls", "200 calls", "400 calls")
    rows = {row[0].text: row for row in grid.rows}
    assert texts(rows["DDIM"])[1:] == ["21.00, K=10", "–", "23.00, K=30", "–"]
    assert texts(rows["PTI"])[1:] == ["21.50, K=5", "–", "22.00, K=10", "–"]
    assert [(rows["DDIM"][i].bold, rows["PTI"][i].bold) for i in (1, 3)] == [
        (False, True),
        (True, False),
    ]
    captions = [table.caption for table in duels]
    assert [("at up to 50 " in one, "for 1 pair." in one) for one in captions] == [
        (True, True),
        (True, False),
        (False, True),
        (False, False),
    ]
    assert len(listing.rows) == 6


def test_the_front_is_drawn_through_the_best_and_pti_is_a_star(duel):
    figure: Any = draw_cost(duel)
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["100", "200", "500"]
    stars = [line for line in axes.lines if line.get_marker() == "*"]
    assert [(line.get_xdata()[0], line.get_color()) for line in stars] == [(650, STAR)]
    (front,) = [line for line in axes.lines if line.get_label() == "Pareto front"]
    calls = np.array([sum(CALLS.get(method, (100, 0))) for method in VALUES], float)
    means = np.array([np.mean(list(values.values())) for values in VALUES.values()])
    best = pareto(calls, means, higher_is_better=True)
    assert front.get_xydata() == pytest.approx(np.stack([calls[best], means[best]], axis=1))
    assert {text.get_text() for text in axes.texts} == {
        *("PTI", "NTI", "EDICT", "Direct", "DDIM", "AE")
    }


def test_the_budgets_figure_has_a_line_a_method(budgets):
    figure: Any = draw_budgets(budgets)
    (axes,) = figure.axes
    lines = {line.get_label(): line for line in axes.lines}
    assert lines["DDIM"].get_xdata().tolist() == [50, 101, 150, 401]
    assert lines["PTI"].get_linewidth() > lines["DDIM"].get_linewidth()
    legend = {text.get_text() for text in figure.legends[0].get_texts()}
    assert legend == {"DDIM", "PTI", "Pareto front"}


def test_edits_have_a_panel_a_quantity(tmp_path):
    for number, method in enumerate(("pti", "direct")):
        about = edits(2.0, 500.0, 20.0 + number) | {"psnr-to-truth[0,1]": 19.0 + number}
        write_edits(tmp_path, method, about, "duel")
    figure: Any = draw_cost(summary_of(tmp_path, "duel"))
    names = [axes.get_ylabel().partition(" ")[0].rstrip(",") for axes in figure.axes]
    assert names == ["psnr-to-truth[0,1]", "psnr-outside[0,1]", "accuracy-scenes"]


@pytest.mark.parametrize("draw", [draw_cost, draw_budgets])
def test_nothing_is_drawn_where_nothing_is_measured(tmp_path, draw):
    write_cell(tmp_path, "duel", "pti", dict.fromkeys(KEYS, "out of memory"))
    assert draw(summary_of(tmp_path, "duel")) is None


@pytest.mark.parametrize(("name", "fields"), [("cost", {}), ("budgets", STEPS)])
def test_the_layouts_are_composed(name, fields):
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        report = compose(f"layout/{name}").layout
    report.fields = fields
    check_layout(report)
    assert report == layout_of(name, fields)
