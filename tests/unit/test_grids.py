"""Grids of an experiment that name their methods: which jobs a command gives, and departures."""

from types import SimpleNamespace
from typing import Any

import pytest
from omegaconf import OmegaConf

from experiments.jobs.plan import plan
from experiments.jobs.schema import CONFIGS
from experiments.report.departures import standard_of
from pti.errors import InputError

NAMES = sorted(path.stem for path in (CONFIGS / "experiment").glob("*.yaml"))


def cells(*words):
    return [cfg.cell for cfg in plan(words)]


def test_a_method_of_the_command_has_its_own_grids_alone():
    assert cells("experiment=inversions_edit", "method=edict") == ["edict"]
    assert cells("experiment=inversions", "method=ddim") == ["ddim,omega=1", "ddim,omega=7.5"]
    steps = [f"fpi,steps={count}" for count in (3, 5, 12, 23)]
    assert cells("experiment=inversions_budget", "method=fpi") == steps


def test_a_method_that_no_grid_names_has_the_experiment_s_settings():
    (job,) = plan(["experiment=inversions_edit", "method=pti_latent"])
    assert job.method.invert.trace.ratio == 0.8
    assert job.method.edit.omega == 7.5


def test_the_short_look_has_few_steps_whatever_the_grids_say():
    jobs = plan(["experiment=inversions_budget", "debug=quick", "method=fpi,edict"])
    assert {cfg.method.invert.trace.steps for cfg in jobs} == {5}
    assert len(jobs) == 2


@pytest.mark.parametrize("grid", ["{omega: []}", "{omega: {a: 1}}", "{method: []}"])
def test_a_grid_without_values_is_refused(grid):
    with pytest.raises(InputError, match="give it a value"):
        plan(["experiment=inversions", f"grids=[{grid}]"])


def departures(cfg):
    """What a cell with this configuration would be said to differ in."""

    cell: Any = SimpleNamespace(config=OmegaConf.create(OmegaConf.to_yaml(cfg, resolve=True)))
    standard = standard_of(cell.config)
    return {} if standard is None else standard.departures(cell)


@pytest.mark.parametrize("name", NAMES)
def test_what_an_experiment_runs_differs_from_it_in_nothing(name):
    jobs = plan([f"experiment={name}", *(["data.root=pie"] if name == "pie_bench" else [])])
    assert [departures(cfg) for cfg in {cfg.method.name: cfg for cfg in jobs}.values()] == [{}] * (
        len({cfg.method.name for cfg in jobs})
    )


def test_another_value_of_a_grid_s_fixed_field_is_told():
    (job,) = plan(["experiment=inversions_edit", "method=edict", "method.invert.omega=3"])
    assert departures(job) == {"method.invert.omega": (3, 1)}
