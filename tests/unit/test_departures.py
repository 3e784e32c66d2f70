"""What an experiment's cells were run with that the experiment itself is not."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from experiments.jobs.plan import plan
from experiments.report.departures import sentences
from experiments.store.cell import Cell
from experiments.store.fields import UNSTORED


def cell(*words, **changes):
    """A cell as a run with these words would leave it."""
    cfg = plan([*words, "precision=fp32"])[0]
    for key, value in changes.items():
        OmegaConf.update(cfg, key.replace("__", "."), value, force_add=True)
    lasting = {key: cfg[key] for key in cfg if key not in UNSTORED}
    config: Any = OmegaConf.create(OmegaConf.to_yaml(OmegaConf.create(lasting)))
    return Cell(Path("cell"), config, {}, {}, {})


def said(*cells):
    prefix = "differs from the experiment: "
    lines = sentences([(f"c{i}", cell) for i, cell in enumerate(cells)])
    assert all(line.startswith(prefix) for line in lines)
    return [line.removeprefix(prefix) for line in lines]


TABLE2, FOLDER = "experiment=table2", ("data=folder", "data.path=some/pictures")


@pytest.mark.parametrize(
    ("words", "departures"),
    [
        ([TABLE2, "method=nti"], []),
        ([TABLE2, "method=pti_reconstruction", *FOLDER, "limit=3", "batch_size=2"], []),
        ([TABLE2, "method=nti_official"], []),
        ([TABLE2, "method=nti", "model=sd14", "model.path=elsewhere", "data=photos"], ["fp32"]),
        ([TABLE2, "method=nti", "method.invert.trace.steps=10"],
         ["method.invert.trace.steps=10 (50) in c0"]),
        ([TABLE2, "method=nti", "seed=3", "data.tasks.size=64"],
         ["data.tasks.size=64 (128) in c0", "seed=3 (0) in c0"]),
        ([TABLE2, "method=vae", "metrics=photographs"], []),
        (["experiment=figure6", "method=pti", "method.edit.eta=1"], []),
        (["experiment=figure6", "method=pti", "method.edit.eta=0.33"], []),
        (["experiment=figure6", "method=pti", "method.edit.mask.start=0.5"],
         ["method.edit.mask.start=0.5 (0.2) in c0"]),
        (["experiment=table3", "method=nti", "method.invert.iterations=9",
          "method.invert.lr=0.01"], []),
        (["method=pti", "method.invert.trace.steps=10"], []),
        (["experiment=search", "method=pti", "method.edit.eta=0.33"], []),
    ],
)  # fmt: skip
def test_every_override_that_bears_on_results_is_said(words, departures):
    found = said(cell(*words))
    assert found == [] if departures == ["fp32"] else sorted(found) == sorted(departures)


def test_the_method_of_the_experiment_s_own_list_is_the_standard():
    found = said(cell(TABLE2, "method=pti"))
    assert "method.invert.iterations=1 (5) in c0" in found
    assert "method.invert.lr=0.1 (0.01) in c0" in found
    assert not any("method.edit" in line for line in found)


def test_sd_s_precision_is_its_own_and_the_embedded_model_s_the_machine_s():
    assert said(cell(TABLE2, "method=nti", precision="bf16")) == []
    assert said(cell(TABLE2, "method=nti", "model=sd14", precision="bf16")) == [
        "precision=bf16 (fp32) in c0"
    ]


def test_cells_that_share_a_departure_are_told_together():
    few = [cell(TABLE2, f"method={m}", "method.invert.trace.steps=2") for m in ("ddim", "nti")]
    assert said(cell(TABLE2, "method=vae"), *few) == ["method.invert.trace.steps=2 (50) in c1, c2"]
    assert said(*few, *few) == ["method.invert.trace.steps=2 (50) in all 4 cells"]
    assert said(cell(TABLE2, "method=vae"), *few, *few) == [
        "method.invert.trace.steps=2 (50) in 4 of 5 cells"
    ]


def test_a_method_or_data_set_from_elsewhere_is_left_out_and_the_rest_compared():
    mine = cell(TABLE2, "method=nti", "seed=1", method__name="mine", method__own=1)
    assert said(mine) == ["seed=1 (0) in c0"]
    changes = {"data__name": "theirs", "data__path": "there", "metrics": "own"}
    assert said(cell(TABLE2, "method=nti", "seed=1", **changes)) == ["seed=1 (0) in c0"]
    net = cell(TABLE2, "method=nti", "seed=1", model__name="net", model__path="there")
    assert "seed=1 (0) in c0" in said(net)


def test_a_field_that_no_file_of_the_experiment_has_is_said():
    added = cell(TABLE2, "method=nti", method__invert__extra=True)
    assert said(added) == ["method.invert.extra=true (null) in c0"]
