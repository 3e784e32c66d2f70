"""The cache gives back what was computed, counts what it saved, and mixes nothing up."""

from dataclasses import replace

import pytest
import torch

from baselines.ddim import Ddim
from baselines.vae import Autoencoder
from experiments.run.cache import Store, cached
from pti.diffusion.calls import Calls
from pti.diffusion.trace import Trace
from pti.errors import InputError
from pti.prompt_tuning import PromptTuning
from tests.tiny import tiny_batch, tiny_model

METHODS = [
    PromptTuning(trace=Trace(steps=4), iterations=2),
    Ddim(trace=Trace(steps=4)),
    Autoencoder(),
]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_the_second_time_nothing_is_computed(tmp_path, method):
    model, batch, store = tiny_model(), tiny_batch(), Store(tmp_path)
    first = cached(method, store)(model, batch)
    made = model.calls
    second = cached(method, store)(model, batch)

    assert model.calls == made
    assert store.saved == made, "what the cache saved is what the method cost"
    plain = method(tiny_model(), batch).tensors()
    for name, value in second.tensors().items():
        torch.testing.assert_close(value, first.tensors()[name], rtol=0, atol=0)
        torch.testing.assert_close(value, plain[name], rtol=0, atol=1e-12, equal_nan=True)


def test_methods_share_a_trajectory(tmp_path):
    model, batch, store = tiny_model(), tiny_batch(), Store(tmp_path)
    cached(Ddim(trace=Trace(steps=4)), store)(model, batch)
    before = model.calls
    cached(PromptTuning(trace=Trace(steps=4), iterations=2), store)(model, batch)

    made = (model.calls - before).shared_by(3)
    assert made == Calls({("tune", "forward"): 4 * (2 + 2), ("tune", "backward"): 4 * 2})
    assert store.saved.shared_by(3) == Calls({("trace", "forward"): 4})


def test_a_batch_with_a_missing_item_is_computed_whole(tmp_path):
    model, batch, store = tiny_model(), tiny_batch(), Store(tmp_path)
    method = Ddim(trace=Trace(steps=4))
    cached(method, store)(model, batch.select([1]))
    before = model.calls
    mixed = cached(method, store)(model, batch)

    assert (model.calls - before).forward == 3 * 12
    torch.testing.assert_close(mixed.reconstruction, method(model, batch).reconstruction)


@pytest.mark.parametrize(
    "other",
    [
        PromptTuning(trace=Trace(steps=4), iterations=2, lr=0.02),
        PromptTuning(trace=Trace(steps=4, timestep="source"), iterations=2),
    ],
)
def test_another_field_is_another_entry(tmp_path, other):
    model, batch, store = tiny_model(), tiny_batch(1), Store(tmp_path)
    first = cached(METHODS[0], store)(model, batch)
    second = cached(other, store)(model, batch)
    assert not torch.equal(first.reconstruction, second.reconstruction)


def test_another_image_prompt_or_model_is_another_entry(tmp_path):
    model, store = tiny_model(), Store(tmp_path)
    batch = tiny_batch(1)
    method = cached(Ddim(trace=Trace(steps=4)), store)
    method(model, batch)
    cases = [
        (model, replace(batch, images=1 - batch.images)),
        (model, replace(batch, targets=("a blue ring on snow",))),
        (replace(tiny_model(), digest="other"), batch),
    ]
    for case_model, case in cases:
        before = case_model.calls
        method(case_model, case)
        assert case_model.calls != before


def test_a_damaged_entry_is_named(tmp_path):
    model, batch, store = tiny_model(), tiny_batch(1), Store(tmp_path)
    method = cached(Autoencoder(), store)
    method(model, batch)
    (entry,) = tmp_path.rglob("*.safetensors")
    entry.write_bytes(entry.read_bytes()[:-20])
    with pytest.raises(InputError, match="is damaged") as caught:
        method(model, batch)
    assert entry.name in str(caught.value)


def test_an_embedding_that_never_changes_is_kept_once(tmp_path):
    model, batch, store = tiny_model(), tiny_batch(1), Store(tmp_path)
    inversion = cached(PromptTuning(trace=Trace(steps=4), iterations=1), store)(model, batch)
    sizes = sorted(entry.stat().st_size for entry in tmp_path.rglob("*.safetensors"))
    context = inversion.null[:, 0].numel() * 8
    assert sizes[-1] < 2 * inversion.path.numel() * 8 + (4 + 2) * context + 5000 + 2 * 8192
