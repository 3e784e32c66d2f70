"""The cache gives back what was computed, counts what it saved, and mixes nothing up."""

import sys
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Timer

import pytest
import torch

from baselines.ddim import Ddim
from baselines.trajectory import Trajectory
from baselines.vae import Autoencoder
from experiments.run.cache import cached
from experiments.store.entries import Store, key_of
from pti.diffusion.calls import Calls
from pti.diffusion.trace import Trace
from pti.errors import InputError
from pti.prompt_tuning import PromptTuning
from tests.tiny import tiny_batch, tiny_model

REPOSITORY = Path(__file__).parents[2]
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


def test_a_default_of_0_is_the_0_of_a_configuration(tmp_path):
    model, batch, store = tiny_model(), tiny_batch(), Store(tmp_path)
    cached(Trace(steps=4, omega=0.0), store)(model, batch)
    before = model.calls
    cached(Trace(steps=4, omega=0), store)(model, batch)
    assert model.calls == before


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
    for file in (next(tmp_path.rglob("*.safetensors")), next(tmp_path.rglob("*.json"))):
        file.write_bytes(file.read_bytes()[:-20])
        with pytest.raises(InputError, match="cache is damaged") as caught:
            method(model, batch)
        assert file.name in str(caught.value)


def bytes_of(folder):
    return sum(file.stat().st_size for file in folder.rglob("*.safetensors"))


def test_nothing_is_kept_twice(tmp_path):
    model, batch, store = tiny_model(), tiny_batch(1), Store(tmp_path)
    inversion = cached(PromptTuning(trace=Trace(steps=4), iterations=1), store)(model, batch)
    context, path = inversion.null[:, 0].numel() * 8, inversion.path.numel() * 8
    head = 200  # bytes before the numbers of a tensor
    kept = bytes_of(tmp_path)
    assert kept < 2 * (path + head) + (4 + 1) * context + 4 * 8 + 3 * head, (
        "path, retraced, cond, null"
    )
    cached(Trajectory(Trace(steps=4)), store)(model, batch)
    assert bytes_of(tmp_path) - kept < context + 2 * head, "its path and its null are there"


def test_of_an_inversion_that_is_not_edited_the_reconstruction_is_kept(tmp_path):
    model, batch, store = tiny_model(), tiny_batch(), Store(tmp_path)
    method = Ddim(trace=Trace(steps=4))
    first = cached(method, store).reconstruction(model, batch)
    made = model.calls
    second = cached(method, store).reconstruction(model, batch)
    assert model.calls == made == store.saved
    assert torch.equal(first, second)
    torch.testing.assert_close(first, method(tiny_model(), batch).reconstruction, rtol=0, atol=0)
    path = method.trace(model, batch)
    assert bytes_of(tmp_path) < (path.numel() + first.numel()) * 8 + 6 * 200


HOLDER = """
import sys
from pathlib import Path
from experiments.store.locks import reserved
folder = Path(sys.argv[1])
with reserved(folder / "reserved", [sys.argv[2]]):
    print("held", flush=True)
    input()
    (folder / "left").touch()
"""


def test_what_a_different_process_computes_is_waited_for(tmp_path):
    model, store, item = tiny_model(), Store(tmp_path), {"item": 1}
    key = key_of({**store.about(model), **item})
    words = [sys.executable, "-c", HOLDER, str(tmp_path), key]
    with Popen(words, stdin=PIPE, stdout=PIPE, text=True, cwd=REPOSITORY) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        Timer(0.5, lambda: print(file=holder.stdin, flush=True)).start()
        there = []

        def compute():
            there.append((tmp_path / "left").exists())
            return {"z": torch.zeros(1, 1)}

        store.recall(model, [item], compute)
    assert there == [True]
