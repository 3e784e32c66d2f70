"""The commands that a report names compute what it lacks, and nothing else."""

import json
import shlex

import pytest
from omegaconf import OmegaConf

from experiments.jobs.plan import plan
from experiments.report.mend import AGAIN, RUN, mend
from tests.unit.synthetic import KEYS, LAYOUTS, psnrs, write_cell, write_table2, write_table3
from tests.unit.test_summary import summary_of


def commands(results, experiment):
    """The words after ``python -m experiments.run`` of each."""
    said = mend(summary_of(results, experiment))
    return [shlex.split(line.removeprefix(RUN))[3:] for line in said if line.startswith(RUN)]


def test_nothing_is_said_where_nothing_is_missing(tmp_path):
    write_table2(tmp_path)
    assert mend(summary_of(tmp_path, "table2")) == []


def test_cells_that_were_never_asked_for_are_one_sweep(tmp_path):
    write_table3(tmp_path, counts=(1, 5))
    (words,) = commands(tmp_path, "table3")
    assert {
        "experiment=table3",
        "method=nti,pti_reconstruction",
        "method.invert.iterations=2,3,4",
        "method.invert.lr=0.01,0.1",
        "limit=16",
        "precision=bf16",
        f"results={tmp_path}",
    } <= set(words)
    assert len(plan(words)) == 12


def test_what_is_missing_of_cells_is_asked_of_them_alone(tmp_path):
    write_cell(tmp_path, "table2", "pti", psnrs(20.0))
    write_cell(tmp_path, "table2", "nti", dict(list(psnrs(20.0).items())[:6]))
    write_cell(tmp_path, "table2", "ddim", psnrs(20.0) | {KEYS[0]: "out of memory"})
    unscored = write_cell(tmp_path, "table2", "vae", psnrs(20.0))
    (words,) = commands(tmp_path, "table2")
    assert {"method=ddim,nti", "limit=16"} <= set(words)
    (unscored / "scores.jsonl").unlink()
    methods = [
        word for words in commands(tmp_path, "table2") for word in words if "method=" in word
    ]
    assert methods == ["method=vae", "method=ddim,nti"]


def test_a_run_that_was_stopped_is_told_from_one_of_fewer_items(tmp_path):
    cell = write_cell(tmp_path, "table2", "nti", dict(list(psnrs(20.0).items())[:6]))
    run = json.loads((cell / "run.json").read_text())
    run["data"]["items"] = [[key, "a", "b"] for key in KEYS[:9]]
    (cell / "run.json").write_text(json.dumps(run))
    assert all("limit=9" in words for words in commands(tmp_path, "table2"))


def test_types_of_items_that_a_run_selected_are_said(tmp_path):
    cell = write_cell(tmp_path, "table2", "nti", dict(list(psnrs(20.0).items())[:6]))
    config = OmegaConf.load(cell / "config.yaml")
    config.data.types = [1, 6]
    OmegaConf.save(config, cell / "config.yaml")
    (words,) = commands(tmp_path, "table2")
    assert {"method=vae,ddim,pti_reconstruction", "data.types=[1,6]"} <= set(words)


def test_a_cell_off_the_grid_is_run_by_its_own_values(tmp_path, monkeypatch):
    fields = {"eta": "method.edit.eta", "lr": "method.invert.lr"}
    monkeypatch.setitem(LAYOUTS, "figure6", ("curves", fields))
    write_cell(tmp_path, "figure6", "pti", psnrs(20.0), lr=0.1)
    write_cell(tmp_path, "figure6", "pti", {KEYS[0]: 20.0}, lr=0.33)
    (words,) = commands(tmp_path, "figure6")
    assert {"method=pti", "method.invert.lr=0.33"} <= set(words)
    write_cell(tmp_path, "figure6", "copy", {KEYS[0]: 20.0})
    assert [w for words in commands(tmp_path, "figure6") for w in words if "method=" in w] == [
        "method=pti",
        "method=copy",
    ]


@pytest.mark.parametrize(("experiment", "method"), [("single", "pti"), ("table2", "mine")])
def test_what_configs_does_not_have_is_left_to_who_ran_it(tmp_path, experiment, method):
    write_table2(tmp_path)
    write_cell(tmp_path, experiment, method, psnrs(20.0) | {KEYS[0]: "out of memory"})
    assert mend(summary_of(tmp_path, experiment)) == [AGAIN]


def test_odd_places_are_quoted_for_the_shell_and_for_hydra(tmp_path):
    results = tmp_path / "it's $5, 猫"
    write_cell(results, "table2", "nti", psnrs(20.0))
    for words in commands(results, "table2"):
        assert all(cfg.results == str(results) for cfg in plan(words))
