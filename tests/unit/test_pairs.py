"""Pairs: an editor whose inversion is chosen beside it."""

import pytest
from hydra.errors import ConfigCompositionException

from experiments.jobs.explain import explain
from experiments.jobs.plan import plan
from experiments.jobs.schema import CONFIGS

INVERSIONS = sorted(path.stem for path in (CONFIGS / "inversion").glob("*.yaml"))


def cells(*words):
    return [cfg.cell for cfg in plan(["goal=edit", "data=scenes_edit", *words])]


def test_both_halves_are_chosen_and_named():
    assert cells("method=p2p,pnp", "inversion=direct") == [
        "p2p,inversion=direct",
        "pnp,inversion=direct",
    ]
    assert cells("method=p2p", "inversion=nti,pti") == ["p2p,inversion=nti", "p2p,inversion=pti"]
    assert cells("method=p2p") == ["p2p"]


def test_the_grid_is_every_pair_and_may_be_narrowed():
    assert len(cells("experiment=grid")) == 5 * len(INVERSIONS)
    narrowed = cells("experiment=grid", "inversion=nti", "method=p2p,target")
    assert sorted(narrowed) == ["p2p,inversion=nti", "target,inversion=nti"]


def test_a_mask_is_chosen_for_pairs_and_others_by_one_word():
    jobs = plan(["method=p2p,pti,vae", "mask@method.edit.mask=given", "goal=edit"])
    given = [cfg.method.edit.get("target", cfg.method.edit).mask for cfg in jobs[:2]]
    assert [mask._target_.rpartition(".")[2] for mask in given] == ["GivenMask"] * 2
    assert "edit" not in jobs[2].method
    (alone,) = plan(["method=p2p", "mask@method.edit.mask=none"])
    assert alone.method.edit.target.mask._target_.endswith("NoMask")


@pytest.mark.parametrize("name", INVERSIONS)
def test_an_inversion_says_its_name(name):
    (cfg,) = plan(["method=p2p", f"inversion={name}"])
    assert cfg.method.inversion == name
    assert cfg.method.edit.source == ("target" if name == "pti" else "caption")


def test_fields_that_the_default_method_lacks_are_set_in_several_methods():
    """Hydra alone would look for them in the default method, and refuse."""
    jobs = plan(["method=p2p,p2p_notebook", "method.edit.control.weight=3"])
    assert [cfg.method.edit.control.weight for cfg in jobs] == [3, 3]
    jobs = plan(["method=negative_prompt,sim_inversion", "method.invert.share=0.25"])
    assert [cfg.method.invert.share for cfg in jobs] == [0.25, 0.25]
    (cfg,) = plan(["method=p2p", "+method.edit.control.reweight.blue=2"])
    assert cfg.method.edit.control.reweight == {"blue": 2}


def test_a_method_that_is_not_a_pair_says_so():
    with pytest.raises(ConfigCompositionException) as raised:
        plan(["method=pti", "inversion=nti"])
    assert explain(raised.value) == (
        "the method of this run has an inversion of its own: choose a pair, such as method=p2p"
    )
