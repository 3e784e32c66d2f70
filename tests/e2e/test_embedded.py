"""The shipped model: it loads as anyone's would, and shows what the paper claims."""

import pytest
import torch
from diffusers import StableDiffusionPipeline

from baselines.ddim import Ddim
from data.scenes.binding import OBJECT_KINDS, attention_masks, batch_of, overlap
from data.scenes.classifier import SceneClassifier, agreement
from data.scenes.edits import SceneEdits
from data.scenes.embedded import MODEL, embedded
from data.scenes.evaluate import held_out, round_trip
from pti.diffusion.trace import Trace
from pti.prompt_tuning import PromptTuning
from pti.types import Batch


@pytest.fixture(scope="module")
def model():
    return embedded(device="cpu", precision="fp32")


@pytest.mark.e2e
def test_the_weights_are_small_and_load_offline():
    assert sum(f.stat().st_size for f in MODEL.rglob("*") if f.is_file()) < 40e6
    pipeline = StableDiffusionPipeline.from_pretrained(MODEL, local_files_only=True)
    assert type(pipeline.tokenizer).__name__.startswith("CLIPTokenizer")
    assert pipeline.scheduler.config.steps_offset == 1


@pytest.mark.e2e
def test_the_tokenizer_keeps_our_words_and_spells_any_other(model):
    assert model.tokenizer.tokenize("a red star on grass") == [
        f"{word}</w>" for word in ("a", "red", "star", "on", "grass")
    ]
    for text in ("Zürich, 12 km", "猫", "🦊 fox"):
        ids = model.tokenizer(text).input_ids
        assert model.tokenizer.unk_token_id not in ids[1:-1]
        assert model.tokenizer.decode(ids, skip_special_tokens=True).replace(" ", "") == (
            text.lower().replace(" ", "")
        )


@pytest.mark.e2e
def test_the_autoencoder_keeps_its_promise(model):
    assert round_trip(model, held_out(100)[0]) >= 28


@pytest.mark.e2e
def test_the_classifier_keeps_its_promise():
    classifier = SceneClassifier.load(MODEL / "classifier")
    assert min(agreement(classifier, *held_out(256)).values()) >= 0.99


@pytest.mark.e2e
def test_the_card_is_of_these_weights(model):
    assert f"sha256 `{model.digest}`" in (MODEL / "README.md").read_text(encoding="utf-8")


@pytest.mark.e2e
def test_the_attention_to_an_objects_words_finds_what_the_edit_changes(model):
    batch, truths = batch_of(SceneEdits("dev", 8, OBJECT_KINDS))
    wide, middle, narrow = attention_masks(model, batch, (0.1, 0.7, 0.9), steps=20)
    assert sum(overlap(middle, truths)) / 8 > 0.35
    everything = torch.ones_like(truths)
    assert sum(overlap(middle, truths)) > 1.3 * sum(overlap(everything, truths))
    assert narrow.float().mean() < wide.float().mean() / 2, "so that a threshold chooses"


@pytest.mark.e2e
def test_prompt_tuning_reconstructs_what_ddim_does_not(model):
    images, _ = held_out(2)
    captions = ("a red star on grass", "a blue ring on snow")
    batch = Batch(images, captions, captions, (0, 1), ((), ()))
    trace = Trace(steps=20)
    ceiling = model.decode(model.encode(images))

    def error(inverter):
        output = model.decode(inverter(model, batch).reconstruction)
        return (output - ceiling).square().mean(dim=(1, 2, 3))

    plain = error(Ddim(trace=trace))
    tuned = error(PromptTuning(trace=trace, iterations=5))
    unguided = error(Ddim(trace=trace, omega=0.0))
    assert (tuned < 0.5 * plain).all()
    assert (unguided < 0.5 * plain).all()
    assert torch.isfinite(plain).all()
