"""What a GPU needs for the same bits in any memory, as far as a CPU can show it."""

import os
from typing import Any

import pytest
import torch

from pti.diffusion import model as boundary
from pti.diffusion.reproducible import make_reproducible
from pti.diffusion.trace import Trace
from pti.prompt_tuning import PromptTuning
from tests.tiny import tiny_batch, tiny_model


@pytest.fixture
def _as_before(monkeypatch):
    monkeypatch.setitem(os.environ, "CUBLAS_WORKSPACE_CONFIG", ":16:8")
    memory: Any = torch.utils.deterministic
    filled = memory.fill_uninitialized_memory
    tf32, sdp = torch.backends.cudnn.allow_tf32, torch.backends.cuda.cudnn_sdp_enabled()
    yield
    torch.use_deterministic_algorithms(False)
    memory.fill_uninitialized_memory = filled
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cuda.enable_cudnn_sdp(sdp)


@pytest.mark.usefixtures("_as_before")
def test_tuning_takes_deterministic_algorithms_alone():
    tune = PromptTuning(trace=Trace(steps=2), iterations=2)
    before = tune(tiny_model(), tiny_batch())
    make_reproducible()
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.is_deterministic_algorithms_warn_only_enabled(), "attention would not follow"
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.cudnn_sdp_enabled()
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8", "what was chosen stays"
    after = tune(tiny_model(), tiny_batch())
    assert torch.allclose(before.cond, after.cond, rtol=0, atol=1e-12)


def test_the_autoencoder_takes_a_batch_in_parts(monkeypatch):
    model, batch = tiny_model(), tiny_batch(5)
    z = model.encode(batch.images)
    pictures = model.decode(z)
    seen = []
    model.vae.encoder.register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    model.vae.decoder.register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    monkeypatch.setattr(boundary, "AUTOENCODED", {"cpu": 2})
    assert torch.allclose(model.encode(batch.images), z, rtol=0, atol=1e-12)
    assert torch.allclose(model.decode(z), pictures, rtol=0, atol=1e-12)
    assert seen == [2, 2, 1, 2, 2, 1]
