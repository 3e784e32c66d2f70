"""What edits have in common is computed once: the same pictures, and every UNet call counted."""

from dataclasses import dataclass

import pytest
import torch

from baselines.bdia import Bdia
from baselines.belm import Belm
from baselines.diffedit import NoiseContrast
from baselines.edict import Edict
from baselines.edit_friendly import EditFriendly
from baselines.trajectory import Trajectory
from experiments.run.cache import memory_of
from experiments.store.entries import Store
from pti.diffusion.blending import AttentionMask, NoMask
from pti.diffusion.calls import Calls
from pti.diffusion.editing import SampleTarget
from pti.diffusion.trace import Levels, Trace
from pti.interpolation import Interpolate, InterpolateLatents
from pti.method import Inverter
from pti.prompt_tuning import PromptTuning
from tests.tiny import tiny_batch, tiny_model

STEPS = 5
"""Of which the first is not blended."""

TRACE = Trace(steps=STEPS)
PATH, TUNED = Trajectory(TRACE), PromptTuning(trace=TRACE, iterations=1)


def edited(editor, store, inverter: Inverter = PATH, model=None):
    """The edit, and the calls that it makes and that it costs, each an image."""
    model, batch = model or tiny_model(), tiny_batch()
    inversion = inverter(model, batch)
    before, saved = model.calls, store.saved
    with model.remembering(memory_of(editor, model, store)):
        edit = editor(model, inverter.schedule(model), inversion, batch)
    made = model.calls - before
    return edit, made.shared_by(len(batch)), (made + store.saved - saved).shared_by(len(batch))


def plain(editor, inverter: Inverter = PATH):
    model, batch = tiny_model(), tiny_batch()
    return editor(model, inverter.schedule(model), inverter(model, batch), batch)


def same(edit, expected):
    torch.testing.assert_close(edit.z, expected.z, rtol=0, atol=0)
    assert (edit.mask is None) == (expected.mask is None)
    if edit.mask is not None:
        assert torch.equal(edit.mask, expected.mask)


@pytest.mark.parametrize("weight", [1.0, 2.0])
def test_thresholds_share_the_steps_before_blending(tmp_path, weight):
    store, whole = Store(tmp_path), Calls({("sample", "forward"): 2 * STEPS})
    for threshold, steps in ((0.3, STEPS), (0.6, STEPS - 1), (0.6, 0)):
        editor = SampleTarget(AttentionMask(threshold, weight=weight))
        edit, made, cost = edited(editor, store)
        same(edit, plain(editor))
        assert made.forward == 2 * steps
        assert cost == whole, "as if nothing had been shared"


def test_eta_1_is_ddim_edit_and_costs_nothing_beside_it(tmp_path):
    store, mask = Store(tmp_path), AttentionMask(0.5)
    expected, *_ = edited(SampleTarget(mask), store)
    edit, made, cost = edited(Interpolate(mask, eta=1.0), store, TUNED)
    same(edit, expected)
    assert made == Calls()
    assert cost.forward == 2 * STEPS
    _, made, _ = edited(Interpolate(mask, eta=0.9), store, TUNED)
    assert made.forward == 2 * STEPS


def test_thresholds_share_the_contrast_of_noise(tmp_path):
    store = Store(tmp_path)
    for threshold, contrast in ((0.3, 8), (0.6, 0)):
        editor = SampleTarget(NoiseContrast(threshold, noises=4, steps=STEPS))
        edit, made, cost = edited(editor, store)
        same(edit, plain(editor))
        assert made.counts.get(("mask", "forward"), 0) == contrast
        assert cost.counts["mask", "forward"] == 8


@pytest.mark.parametrize(
    ("inverter", "different"),
    [
        (Bdia(Levels(STEPS), gamma=0.9), Bdia(Levels(STEPS), gamma=0.96)),
        (Belm(Levels(STEPS)), Bdia(Levels(STEPS), gamma=1.0)),
        (Edict(Levels(STEPS)), Edict(Levels(STEPS), p=0.9)),
        (EditFriendly(Levels(STEPS)), EditFriendly(Levels(STEPS), eta=0.5)),
    ],
)
def test_a_mover_shares_with_itself_alone(tmp_path, inverter, different):
    store, editor = Store(tmp_path), SampleTarget(AttentionMask(0.5))
    expected = plain(editor, inverter)
    for spent in (True, False):
        edit, made, cost = edited(editor, store, inverter)
        same(edit, expected)
        assert made == (cost if spent else Calls())
    edit, made, cost = edited(editor, store, different)
    same(edit, plain(editor, different))
    assert made == cost
    assert not torch.equal(edit.z, expected.z)


@dataclass(frozen=True)
class OfLosses(AttentionMask):
    """A masker that may take anything from the inversion."""


@dataclass(frozen=True)
class Weighing(SampleTarget):
    """An editor that changes what the UNet does."""

    def __call__(self, model, schedule, inversion, batch):
        with model.attending({}):
            return super().__call__(model, schedule, inversion, batch)


@pytest.mark.parametrize(
    "editor",
    [
        InterpolateLatents(AttentionMask(0.5), eta=0.5),
        SampleTarget(OfLosses(0.5)),
        Weighing(AttentionMask(0.5)),
    ],
)
def test_what_may_depend_on_more_is_not_remembered(tmp_path, editor):
    store = Store(tmp_path)
    edited(SampleTarget(AttentionMask(0.5)), store)
    for _ in range(2):
        edit, made, _ = edited(editor, store)
        same(edit, plain(editor))
        assert made.forward == 2 * STEPS


@pytest.mark.parametrize(
    ("editor", "steps"),
    [
        (SampleTarget(NoMask(), omega=3.0), STEPS),
        (SampleTarget(AttentionMask(0.5, start=0.5)), STEPS),
        (Interpolate(AttentionMask(0.5), background="retraced", eta=1.0), STEPS - 1),
    ],
)
def test_what_differs_is_computed(tmp_path, editor, steps):
    store = Store(tmp_path)
    edited(SampleTarget(NoMask()), store)
    edited(SampleTarget(AttentionMask(0.5)), store)
    edit, made, _ = edited(editor, store, TUNED)
    same(edit, plain(editor, TUNED))
    assert made.forward == 2 * steps


def test_the_steps_before_blending_are_adjusted_too():
    """A mask that takes everything changes nothing, whenever blending begins."""
    free, everywhere = (
        plain(InterpolateLatents(m, eta=0.5)) for m in (NoMask(), AttentionMask(-1))
    )
    torch.testing.assert_close(everywhere.z, free.z, rtol=0, atol=1e-12)
