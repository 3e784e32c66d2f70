"""A search over the dev split: resumed, side by side, and with a result that runs."""

import csv
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
import yaml

from experiments.report.summary import scores_of

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
]
REPOSITORY = Path(__file__).parents[2]
FEW = ["limit=1", "method=ddim_edit", "method.invert.trace.steps=4"]
METRIC = "psnr-to-truth[0,1]"


@pytest.fixture
def space(tmp_path):
    path = tmp_path / "space.yaml"
    fields = {
        "method.edit.mask.threshold": {"low": 0.1, "high": 0.9},
        "method.edit.omega": {"choices": [1.0, 7.5]},
    }
    path.write_text(yaml.safe_dump({"objective": METRIC, "space": fields}))
    return path


@pytest.fixture
def words(tmp_path, space):
    return [*FEW, f"space={space}", f"results={tmp_path / 'r'}", f"cache={tmp_path / 'c'}"]


def folder(tmp_path):
    return tmp_path / "r/search/scenes-scenes_edit_dev"


def test_a_search_goes_on_and_its_best_is_a_method(call, words, tmp_path):
    assert call("search", *words, "trials=1").code == 0
    done = call("search", *words, "trials=3")
    assert done.code == 0, done.err
    with (folder(tmp_path) / "trials.csv").open() as stream:
        trials = list(csv.DictReader(stream))
    assert [row["trial"] for row in trials] == ["0", "1", "2"]
    best = max(trials, key=lambda row: float(row[METRIC]))
    made = yaml.safe_load((folder(tmp_path) / "ddim_edit_best.yaml").read_text())
    assert made["edit"]["omega"] == float(best["method.edit.omega"])
    assert (folder(tmp_path) / "trials.png").exists()

    configs = tmp_path / "configs/method"
    configs.mkdir(parents=True)
    (configs / "best.yaml").write_text(yaml.safe_dump(made))
    again = ["goal=edit", "data=scenes_edit_dev", "method=best", "cell=best", "limit=1", *words[3:]]
    again = [word for word in again if not word.startswith("space=")]
    done = call("run", *again, f"hydra.searchpath=[file://{tmp_path / 'configs'}]")
    assert done.code == 0, done.err
    from experiments.store.cell import Cell

    cell = Cell.read(tmp_path / "r/single/scenes-scenes_edit_dev/cells/best")
    assert scores_of(cell, METRIC).mean() == pytest.approx(float(best[METRIC]), abs=1e-6)


@pytest.mark.long
def test_processes_side_by_side_share_a_study(words, tmp_path):
    command = [sys.executable, "-m", "experiments.search", *words, "trials=4"]
    both = [subprocess.Popen(command, cwd=REPOSITORY) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    storage = f"sqlite:///{folder(tmp_path) / 'study.db'}"
    (summary,) = optuna.get_all_study_summaries(storage)
    study = optuna.load_study(study_name=summary.study_name, storage=storage)
    states = [trial.state for trial in study.trials]
    assert states.count(optuna.trial.TrialState.COMPLETE) in (4, 5), "one may end beside the last"
    assert set(states) == {optuna.trial.TrialState.COMPLETE}


def test_nothing_is_chosen_on_what_is_reported(call, words):
    refused = call("search", *words, "data=scenes_edit")
    assert refused.code == 2
    assert "is no dev split" in refused.err
    unknown = call("search", *words, "objective=psnr")
    assert "objective=psnr is not measured" in unknown.err
    lacking = call("search", *words, "method=ddim_global")
    assert "has no method.edit.mask.threshold" in lacking.err
