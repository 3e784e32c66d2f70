"""Figures 4 to 6 as commands, on the embedded model with few steps."""

import json
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from data.scenes.edits import SceneEdits
from experiments.jobs.plan import plan
from experiments.store.cell import Cell

FEW = ["method.invert.trace.steps=5", "limit=2", "model=scenes"]
THRESHOLD = "method.edit.mask.threshold"


@pytest.fixture
def places(tmp_path):
    return [f"results={tmp_path / 'results'}", f"cache={tmp_path / 'cache'}"]


@pytest.fixture
def cells(tmp_path):
    def read(experiment, name):
        (folder,) = (tmp_path / "results" / experiment).glob(f"scenes-*/cells/{name}")
        return Cell.read(folder)

    return read


@pytest.mark.e2e
def test_figure_4_inverts_once_a_curve_and_reports_it(call, tmp_path, places, cells):
    words = [
        "experiment=figure4",
        "method=pti,ddim_edit,ddim_global",
        f"{THRESHOLD}=0.1,0.9",
    ]
    done = call("run", *words, *FEW, *places)
    assert done.code == 0, done.err
    oracles = ["experiment=figure4", "method=copy,retrieve", "limit=2", *places]
    assert call("run", *oracles).code == 0

    steps = 4
    first, second = (cells("figure4", f"pti,threshold={t}").records for t in (0.1, 0.9))
    asked = {task.key: task.target_class for task in SceneEdits(size=2)}
    for key, record in first.items():
        tuning = {"tune.forward": 3 * steps, "tune.backward": steps}
        edit = {"sample.forward": 2 * steps}
        assert record.calls == {"trace.forward": steps} | tuning | edit
        assert record.spent.items() >= (tuning | edit).items()
        assert second[key].calls == record.calls
        assert second[key].spent == edit, "the inversion is the curve's, not the point's"
        assert record.target_class == asked[key]
        assert record.mask >= second[key].mask

    reported = call("report", "experiment=figure4", places[0])
    assert reported.code == 0, reported.err
    folder = tmp_path / "results/figure4/scenes-scenes_change/report"
    assert {"figure4-curves.png", "figure4-truth.pdf", "figure4.md", "claims.json"} <= {
        path.name for path in folder.iterdir()
    }
    table: Any = pd.read_csv(folder / "figure4.csv").set_index(["method", "metric"])["mean"]
    assert table["COPY", "percept-scenes"] == 0
    assert table["COPY", "accuracy-scenes"] == 0
    assert table["RETRIEVE", "accuracy-scenes"] == 1
    assert table["RETRIEVE", "csfid-scenes"] < table["COPY", "csfid-scenes"]
    claims = json.loads((folder / "claims.json").read_text())
    assert [claim["by"] for claim in claims] == ["paper"] * 3 + ["truth"] * 9
    verdicts = {claim["verdict"] for claim in claims}
    assert verdicts == {"undecided"}, "two classes, and two pictures, decide nothing"


@pytest.mark.e2e
def test_a_rerun_computes_and_scores_nothing(call, tmp_path, places):
    words = [
        "experiment=figure4",
        "method=ddim_edit",
        f"{THRESHOLD}=0.5",
        *FEW,
        *places,
    ]
    assert call("run", *words).code == 0
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    before = {path: path.read_bytes() for path in files if path.suffix != ".npz"}
    assert call("run", *words).code == 0
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.e2e
def test_figure_5_is_a_sheet_with_the_true_edit(call, tmp_path, places):
    few = ["experiment=figure5", "method=ddim_global,pti", *FEW]
    assert call("run", *few, *places).code == 0
    reported = call("report", "experiment=figure5", places[0])
    assert reported.code == 0, reported.err
    sheet = tmp_path / "results/figure5/scenes-scenes_edit/report/figure5-sheet.png"
    with Image.open(sheet) as picture:
        assert picture.width > 1.4 * picture.height, "four columns, two rows"


@pytest.mark.e2e
def test_figure_6_varies_eta_and_lr_each_about_the_default(call, tmp_path, places):
    at = ("experiment=figure6", "method=pti", f"{THRESHOLD}=0.5", *FEW, *places)
    assert call("run", *at, "method.edit.eta=1,0.7", "method.invert.lr=0.1").code == 0
    assert call("run", *at, "method.edit.eta=0.9", "method.invert.lr=0.01").code == 0
    cells = tmp_path / "results/figure6/scenes-scenes_change/cells"
    names = {"eta=1,lr=0.1", "eta=0.7,lr=0.1", "eta=0.9,lr=0.01"}
    assert {path.name for path in cells.iterdir()} == {
        f"pti,{name},threshold=0.5" for name in names
    }


@pytest.mark.e2e
def test_figure_6_is_two_ablations_over_the_threshold_and_the_oracles():
    names = {cfg.cell for cfg in plan(["experiment=figure6"])}
    thresholds = (0.1, 0.5, 0.9)
    etas = {
        f"pti,eta={e},lr=0.1,threshold={t}" for e in (1, 0.95, 0.9, 0.8, 0.7) for t in thresholds
    }
    rates = {f"pti,eta=0.9,lr={lr},threshold={t}" for lr in (0.05, 0.01) for t in thresholds}
    assert names == etas | rates | {"copy", "retrieve"}


@pytest.mark.e2e
def test_a_mask_that_takes_nothing_keeps_the_picture_and_says_so(call, places, cells):
    edit = ["goal=edit", "data=scenes_edit", "method=ddim_edit", "method.edit.mask.threshold=1.5"]
    assert call("run", *edit, "cell=none", "name=figure4", *FEW, *places).code == 0
    for record in cells("figure4", "none").records.values():
        assert record.mask == 0
        assert record.notes == ["the mask selects nothing: the picture was kept whole"]


@pytest.mark.e2e
def test_bad_edits_are_said(call, workplace, places):
    outcome = workplace.run("method=ddim_edit", "goal=edit", "method.invert.trace.steps=5")
    assert outcome.code == 2
    assert "has no target to edit to" in outcome.err
    outcome = call("run", "experiment=figure4", "grids=[{level: [1, 2]}]", *FEW, *places)
    assert outcome.code == 2
    assert "grids has 'level', which is not in report.fields: name one of 'thres" in outcome.err
    outcome = call("run", "data=photos", "metrics=scenes", "method=vae", "limit=1", *places)
    assert outcome.code == 2
    assert "needs a target class of each item, and data=photos lacks them" in outcome.err
    outcome = call("run", "data=photos", "metrics=scene", "method=vae", "limit=1", *places)
    assert outcome.code == 2
    assert "Did you mean 'scenes'" in outcome.err
