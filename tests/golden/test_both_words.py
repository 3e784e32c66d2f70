"""The local blend of both branches: where either attends to its words."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import max_pool2d

from baselines.direct import Direct
from baselines.prompt_to_prompt import PromptToPrompt
from pti.diffusion.attention import watched
from pti.diffusion.blending import AttentionMask
from pti.diffusion.both_words import BothWords
from pti.diffusion.editing import SampleTarget
from pti.diffusion.trace import Trace
from pti.diffusion.two_branches import Source, TwoBranches
from pti.errors import InputError
from tests.tiny import edit_batch, tiny_model

DIRECT = Direct(Trace(steps=4, ratio=0.8, omega=1.0))
IDLE = PromptToPrompt(cross_steps=0.0, self_steps=0.0)


def edited(mask, batch, source: Source = "caption"):
    model = tiny_model()
    target = SampleTarget(mask, omega=3.0, background="retraced")
    editor = TwoBranches(IDLE, target, source)
    editor.check(model, batch)
    return editor(model, DIRECT.schedule(model), DIRECT(model, batch), batch)


def mask_of(mask, batch, **more):
    made = edited(mask, batch, **more).mask
    assert made is not None
    return made


def test_it_is_where_either_branch_attends_to_its_words():
    """Against the maps of both branches' rows, watched from outside, of tokens found by hand."""
    model, batch = tiny_model(), edit_batch()
    tokens = [
        model.positions(*pair) for pair in zip(batch.captions, batch.old_phrases, strict=True)
    ]
    tokens += [model.positions(*pair) for pair in zip(batch.targets, batch.phrases, strict=True)]
    everything = torch.eye(12, dtype=torch.float64).expand(6, -1, -1)
    editor = TwoBranches(IDLE, SampleTarget(BothWords(0.8), omega=3.0, background="retraced"))
    inversion = DIRECT(model, batch)
    with watched(model, everything) as watch:
        made = editor(model, DIRECT.schedule(model), inversion, batch)
    maps = watch.maps()
    of_words = torch.stack([maps[row][..., one].sum(-1) for row, one in enumerate(tokens)])
    pooled = max_pool2d(of_words[:, None], 3, stride=1, padding=1)
    large = pooled.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    source, target = (large > 0.8 * large.amax(dim=(2, 3), keepdim=True)).chunk(2)
    assert (source != target).any()
    assert made.mask is not None
    assert torch.equal(made.mask, source | target)


def test_without_a_word_that_goes_it_is_the_targets_alone():
    batch = replace(edit_batch(), old_phrases=((),) * 3)
    assert torch.equal(mask_of(BothWords(), batch), mask_of(AttentionMask(), batch))


def test_the_words_of_a_source_that_is_the_target_are_the_targets():
    """PTI's: the caption's words have no part, however wrong they are."""
    batch = edit_batch()
    wrong = replace(batch, old_phrases=(("nothing of the kind",),) * 3)
    same = mask_of(BothWords(), batch, source="target")
    assert torch.equal(mask_of(BothWords(), wrong, source="target"), same)
    with pytest.raises(InputError, match="does not contain 'nothing of the kind'"):
        edited(BothWords(), wrong)


def test_an_editor_without_a_source_branch_refuses_it():
    model, batch, editor = tiny_model(), edit_batch(), SampleTarget(BothWords())
    with pytest.raises(InputError, match="picture's own branch"):
        editor.check(model, batch)
    with pytest.raises(InputError, match="picture's own branch"):
        editor(model, DIRECT.schedule(model), DIRECT(model, batch), batch)
    with pytest.raises(ValueError, match="control=null leaves out"):
        TwoBranches(None, editor)
