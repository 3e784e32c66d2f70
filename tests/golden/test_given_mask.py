"""Edits within a given mask: what the mask keeps, what it frees, and what it can't be."""

from dataclasses import replace

import pytest
import torch

from baselines.diffedit import NoiseContrast
from baselines.trajectory import Trajectory
from experiments.run.cache import memory_of
from experiments.store.entries import Store
from pti.diffusion.blending import AttentionMask, NoMask
from pti.diffusion.editing import SampleTarget
from pti.diffusion.given_mask import GivenMask, reduced
from pti.diffusion.trace import Trace
from pti.errors import InputError
from pti.interpolation import Interpolate, InterpolateLatents
from pti.prompt_tuning import PromptTuning
from tests.tiny import edit_batch, tiny_model

TRACE = Trace(steps=4, ratio=0.8)
PATH = Trajectory(TRACE)


def masked(rows=slice(None), columns=slice(None), count=2):
    """A batch of 32 by 32 pictures whose masks are that part of them."""
    masks = torch.zeros(count, 1, 32, 32, dtype=torch.bool)
    masks[:, :, rows, columns] = True
    return replace(edit_batch(count), masks=masks)


def edited(editor, batch, invert=PATH):
    model = tiny_model()
    inversion = invert(model, batch)
    return editor(model, invert.schedule(model), inversion, batch), inversion


@pytest.mark.parametrize(
    ("editor", "invert"),
    [
        (SampleTarget, PATH),
        (InterpolateLatents, PATH),
        (Interpolate, PromptTuning(TRACE, iterations=1)),
    ],
)
def test_outside_the_mask_the_trajectory_is_kept(editor, invert):
    edit, inversion = edited(editor(mask=GivenMask()), masked(columns=slice(16)), invert)
    assert torch.equal(edit.z[..., 8:], inversion.path[:, 0, :, :, 8:])
    assert (edit.z[..., :8] != inversion.path[:, 0, :, :, :8]).any(dim=1).all()
    assert edit.mask is not None
    assert edit.mask[..., :8].all()
    assert not edit.mask[..., 8:].any()


def test_a_mask_of_everything_is_no_mask():
    free, _ = edited(SampleTarget(mask=NoMask()), edit_batch(2))
    edit, _ = edited(SampleTarget(mask=GivenMask()), masked())
    assert torch.equal(edit.z, free.z)


def test_a_batch_equals_one_by_one():
    batch, model = masked(columns=slice(16)), tiny_model()
    assert batch.masks is not None
    batch.masks[1] = ~batch.masks[1]
    editor = SampleTarget(mask=GivenMask())
    together = editor(model, PATH.schedule(model), PATH(model, batch), batch)
    for row in range(len(batch)):
        one = batch.select([row])
        alone = editor(model, PATH.schedule(model), PATH(model, one), one)
        torch.testing.assert_close(together.z[row], alone.z[0], rtol=0, atol=1e-10)


def test_a_cell_with_any_pixel_of_the_mask_is_free():
    masks = torch.zeros(1, 1, 32, 32, dtype=torch.bool)
    masks[0, 0, 5, 9] = True
    wanted = torch.zeros(1, 1, 16, 16, dtype=torch.bool)
    wanted[0, 0, 2, 4] = True
    assert torch.equal(reduced(masks, (16, 16)), wanted)


def test_edits_are_remembered_by_their_masks(tmp_path):
    """Another mask of the same picture is another edit; the same one is not made again."""
    model, store = tiny_model(), Store(tmp_path)

    def made(mask, batch):
        editor, before = SampleTarget(mask=mask), model.calls
        with model.remembering(memory_of(editor, model, store)):
            edit = editor(model, PATH.schedule(model), PATH(model, batch), batch)
        return edit, (model.calls - before).counts.get(("sample", "forward"), 0)

    made(AttentionMask(), masked(columns=slice(16)))
    left, right = masked(columns=slice(16)), masked(columns=slice(16, 32))
    for batch, works in ((left, True), (right, True), (left, False)):
        edit, calls = made(GivenMask(), batch)
        assert bool(calls) == works
        expected, _ = edited(SampleTarget(mask=GivenMask()), batch)
        assert torch.equal(edit.z, expected.z)


def test_it_costs_no_call():
    model, batch = tiny_model(), masked(columns=slice(16))
    SampleTarget(mask=GivenMask())(model, PATH.schedule(model), PATH(model, batch), batch)
    assert model.calls.shared_by(len(batch)).forward == 3 * len(PATH.schedule(model))


@pytest.mark.parametrize(
    ("batch", "says"),
    [(edit_batch(2), "there is none: name its file"), (masked(rows=slice(0)), "selects nothing")],
)
def test_a_mask_that_is_not_there_is_told_before_any_call(batch, says):
    model = tiny_model()
    with pytest.raises(InputError, match=says):
        SampleTarget(mask=GivenMask()).check(model, batch)
    assert not model.calls.counts


def test_other_maskers_do_not_read_it():
    for mask in (AttentionMask(), NoiseContrast(noises=1)):
        with_one, _ = edited(SampleTarget(mask=mask), masked(columns=slice(16)))
        without, _ = edited(SampleTarget(mask=mask), edit_batch(2))
        assert torch.equal(with_one.z, without.z)
