"""Editing: identities that tie the methods to one another, and DiffEdit's mask to diffusers'."""

from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest
import torch

from baselines.diffedit import NoiseContrast
from baselines.trajectory import Trajectory
from pti.diffusion.blending import AttentionMask, NoMask, always, attention_mask
from pti.diffusion.editing import SampleTarget
from pti.diffusion.trace import Trace
from pti.errors import InputError
from pti.interpolation import Interpolate, InterpolateLatents
from pti.prompt_tuning import PromptTuning
from tests.tiny import edit_batch, tiny_model

TRACE = Trace(steps=5, ratio=0.8)


@dataclass(frozen=True)
class Everywhere:
    """A mask that is the same all over."""

    value: bool

    @contextmanager
    def __call__(self, model, schedule, inversion, batch):
        del model, schedule, inversion
        yield always(torch.full((len(batch), 1, 16, 16), self.value))


def edit(invert, editor, model=None, batch=None):
    model, batch = model or tiny_model(), batch or edit_batch()
    inversion = invert(model, batch)
    return editor(model, invert.schedule(model), inversion, batch), inversion


def close(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


def test_eta_0_is_the_reconstruction():
    made, inversion = edit(PromptTuning(TRACE, iterations=2, lr=0.1), Interpolate(eta=0.0))
    close(made.z, inversion.reconstruction)


@pytest.mark.parametrize("mask", [NoMask(), AttentionMask()])
@pytest.mark.parametrize("fields", [{"eta": 1.0, "lr": 0.1}, {"eta": 0.9, "lr": 0.0}])
def test_eta_1_and_an_lr_of_0_are_ddim_edit(mask, fields):
    ours, _ = edit(PromptTuning(TRACE, lr=fields["lr"]), Interpolate(eta=fields["eta"], mask=mask))
    theirs, _ = edit(Trajectory(TRACE), SampleTarget(mask=mask))
    close(ours.z, theirs.z)


def test_a_mask_of_ones_is_ddim_global():
    ours, _ = edit(Trajectory(TRACE), SampleTarget(mask=Everywhere(True)))
    theirs, _ = edit(Trajectory(TRACE), SampleTarget(mask=NoMask()))
    close(ours.z, theirs.z)
    assert ours.mask is not None
    assert ours.mask.all()
    assert theirs.mask is None


def test_a_mask_of_zeros_gives_the_autoencoders_picture():
    model, batch = tiny_model(), edit_batch()
    made, _ = edit(Trajectory(TRACE), SampleTarget(mask=Everywhere(False)), model, batch)
    close(made.z, model.encode(batch.images))


def test_a_retraced_background_is_the_reconstructions():
    editor = Interpolate(mask=Everywhere(False), background="retraced")
    made, inversion = edit(PromptTuning(TRACE, iterations=2), editor)
    close(made.z, inversion.reconstruction)


def test_interpolated_latents_lead_from_the_picture_to_ddim_global():
    model, batch = tiny_model(), edit_batch()
    kept, _ = edit(Trajectory(TRACE), InterpolateLatents(eta=0.0), model, batch)
    close(kept.z, model.encode(batch.images))
    free, _ = edit(Trajectory(TRACE), InterpolateLatents(eta=1.0), model, batch)
    plain, _ = edit(Trajectory(TRACE), SampleTarget(), model, batch)
    close(free.z, plain.z)


EDITORS = {
    "attention": SampleTarget(mask=AttentionMask(threshold=0.9)),
    "weighted": SampleTarget(mask=AttentionMask(weight=3.0)),
    "contrast": SampleTarget(mask=NoiseContrast(noises=2)),
    "guided contrast": SampleTarget(mask=NoiseContrast(noises=1, omega=7.5, reference="null")),
    "latents": InterpolateLatents(),
}


@pytest.mark.parametrize("editor", EDITORS.values(), ids=EDITORS)
def test_a_batch_equals_one_by_one(editor):
    model, batch = tiny_model(), edit_batch()
    together, _ = edit(Trajectory(TRACE), editor, model, batch)
    for row in range(len(batch)):
        alone, _ = edit(Trajectory(TRACE), editor, model, batch.select([row]))
        close(together.z[row], alone.z[0])
        if together.mask is not None:
            assert torch.equal(together.mask[row], alone.mask[0])


@pytest.mark.parametrize(
    ("invert", "editor", "forward", "backward"),
    [
        (Trajectory(TRACE), SampleTarget(mask=AttentionMask()), 3 * 4, 0),
        (Trajectory(TRACE), SampleTarget(mask=NoiseContrast(noises=3)), 3 * 4 + 2 * 3, 0),
        (Trajectory(TRACE), SampleTarget(mask=NoiseContrast(noises=3, omega=7.5)), 12 + 12, 0),
        (PromptTuning(TRACE, iterations=1), Interpolate(), 6 * 4, 4),
    ],
)
def test_an_edit_costs_what_it_must(invert, editor, forward, backward):
    model, batch = tiny_model(), edit_batch()
    edit(invert, editor, model, batch)
    calls = model.calls.shared_by(len(batch))
    assert (calls.forward, calls.backward) == (forward, backward)


def test_the_mask_lies_where_the_words_are_attended_to():
    maps = torch.full((1, 8, 8, 1), 0.2)
    maps[0, 2, 5] = 1.0
    mask = attention_mask(maps, 0.5, (16, 16))
    wanted = torch.zeros(16, 16, dtype=torch.bool)
    wanted[2:8, 8:14] = True  # rows 1-3 and columns 4-6 after the 3 by 3 pool, twice the size
    assert torch.equal(mask[0, 0], wanted)


def test_phrases_map_to_all_their_tokens():
    model = tiny_model()
    assert model.positions("a red star on grass", ["red star", "grass"]) == [2, 3, 5]
    whole = model.positions("a zebra", ["zebra"])
    assert len(whole) > 1, "a word outside the vocabulary has several tokens"
    with pytest.raises(InputError, match="does not contain 'moon'"):
        model.positions("a red star", ["moon"])
    with pytest.raises(InputError, match="name"):
        model.positions("a red star", [])


def test_a_phrase_that_was_cut_off_is_refused():
    model = tiny_model()
    with pytest.raises(InputError, match="'grass' was cut off"):
        model.positions("a red star on a red star on a red star on grass", ["grass"])


@pytest.mark.golden
@pytest.mark.parametrize("reference", ["caption", "null"])
def test_the_mask_agrees_with_diffusers(reference):
    """Their deprecated pipeline's ``generate_mask``, from the same noise."""
    from diffusers import StableDiffusionDiffEditPipeline

    model, batch = tiny_model(), edit_batch(1)
    extras: dict[str, Any] = {
        "safety_checker": None,
        "feature_extractor": None,
        "inverse_scheduler": None,
    }
    pipeline = StableDiffusionDiffEditPipeline(
        vae=model.vae,
        unet=model.unet,
        text_encoder=model.text_encoder,
        tokenizer=model.tokenizer,
        scheduler=model.scheduler,
        requires_safety_checker=False,
        **extras,
    )
    pipeline.set_progress_bar_config(disable=True)
    z = model.encode(batch.images)
    ours = NoiseContrast(noises=4, omega=7.5, reference=reference)
    noises = ours._noises(z, batch.seeds)[:, 0]

    def same_noise(shape, **_):
        assert shape == noises.shape
        return noises

    module = "diffusers.pipelines.deprecated.stable_diffusion_diffedit"
    theirs = import_module(f"{module}.pipeline_stable_diffusion_diffedit")

    patch = pytest.MonkeyPatch()
    patch.setattr(theirs, "randn_tensor", same_noise)
    patch.setattr(pipeline, "prepare_image_latents", lambda *_a, **_k: z.repeat(4, 1, 1, 1))
    source = batch.captions[0] if reference == "caption" else ""
    mask: Any = pipeline.generate_mask(
        image=batch.images,
        target_prompt=batch.targets[0],
        source_prompt=source,
        num_maps_per_mask=4,
        mask_encode_strength=0.5,
        mask_thresholding_ratio=3.0,
        guidance_scale=7.5,
        output_type="np",
    )
    patch.undo()
    assert 0 < mask.mean() < 1
    assert (ours.mask(model, z, batch)[0, 0].numpy() == mask[0].astype(bool)).all()
