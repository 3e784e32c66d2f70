"""The experiments that compare inversions: what they run, and that each fits its budget."""

from collections import Counter
from typing import Any

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from experiments.jobs.plan import plan
from experiments.report.cost import BUDGETS, budget_of
from tests.tiny import edit_batch, tiny_model

NAMED = {
    *("ddim_global", "nti_global", "nti_official_global", "negative_prompt", "pti_global"),
    *("direct", "edit_friendly", "fpi", "aidi", "renoise", "edict", "bdia", "belm", "prox_npi"),
    *("cycle_diffusion", "eta_inversion"),
}


def of_budgets():
    """The jobs of each method at equal cost, fewest steps first."""
    methods: dict[str, list[Any]] = {}
    for cfg in plan(["experiment=inversions_budget"]):
        methods.setdefault(cfg.method.name, []).append(cfg)
    return {
        name: sorted(jobs, key=lambda c: c.method.invert.trace.steps)
        for name, jobs in methods.items()
    }


JOBS = of_budgets()


def field(cfg, path):
    return OmegaConf.select(cfg.method, path)


def test_every_inversion_edits_by_the_same_steps_and_guidance_without_a_mask():
    jobs = plan(["experiment=inversions_edit"])
    names = Counter(cfg.method.name for cfg in jobs)
    assert names.keys() >= NAMED
    assert set(names.values()) == {1}
    assert {(field(c, "invert.trace.steps"), field(c, "invert.trace.ratio")) for c in jobs} == {
        (50, 0.8)
    }
    assert {(field(c, "edit.omega"), field(c, "edit.mask._target_")) for c in jobs} == {
        (7.5, "pti.diffusion.blending.NoMask")
    }
    own = {cfg.method.name: field(cfg, "invert.omega") for cfg in jobs}
    assert {name: own[name] for name in ("edict", "bdia", "belm", "fpi", "pti_global")} == {
        **dict.fromkeys(("edict", "bdia", "belm", "fpi"), 1),
        "pti_global": 7.5,
    }


def test_reconstruction_is_at_both_guidance_scales_where_that_has_a_meaning():
    jobs = plan(["experiment=inversions"])
    assert {field(cfg, "invert.trace.ratio") for cfg in jobs} == {1.0, None}
    at = {(cfg.method.name, field(cfg, "invert.omega")) for cfg in jobs}
    assert len(at) == len(jobs)
    both = [name for name, omega in at if omega == 1 and (name, 7.5) in at]
    assert {"ddim", "pti", "fpi", "aidi", "renoise", "edict", "bdia", "belm"} == set(both)
    assert {name for name, _ in at} >= {"nti", "nti_official", "negative_prompt", "direct", "vae"}


def calls(method):
    """UNet calls of one edit by a model that is quick."""
    model, batch = tiny_model(), edit_batch(1)
    made = instantiate(method)
    inversion = made.invert(model, batch)
    made.edit(model, made.invert.schedule(model), inversion, batch)
    return model.calls.forward + model.calls.backward


def test_fifteen_inversions_and_two_baselines_are_at_equal_cost():
    assert JOBS.keys() == {*NAMED, "aidi_e", "sdedit", "sim_inversion"} - {"nti_official_global"}
    assert {len(jobs) for jobs in JOBS.values()} == {len(BUDGETS)}


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize("place", [slice(1), pytest.param(slice(1, 4), marks=pytest.mark.long)])
def test_the_steps_fit_the_budget_and_one_more_does_not(name, place):
    for cfg, budget in zip(JOBS[name][place], BUDGETS[place], strict=True):
        assert budget_of(calls(cfg.method)) == budget
        more = cfg.method.copy()
        while made(more) == made(cfg.method):
            more.invert.trace.steps += 1
        assert calls(more) > budget


def made(method):
    """The number of steps that are made."""
    return len(instantiate(method.invert).schedule(tiny_model()))
