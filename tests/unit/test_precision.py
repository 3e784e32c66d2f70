"""Which arithmetic is chosen, by what the processor says of itself."""

from typing import Any

import pytest
import torch
from diffusers.models.attention_processor import Attention

from data.scenes.embedded import embedded
from pti.diffusion.load import from_pretrained
from pti.diffusion.precision import AttentionOnCpu, autocast, fastest
from pti.errors import InputError

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("avx512_bf16", "amx", "expected"),
    [(False, False, "fp32"), (True, False, "bf16"), (False, True, "bf16")],
)
def test_bf16_only_where_the_processor_computes_in_it(monkeypatch, avx512_bf16, amx, expected):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512_bf16)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    assert fastest(CPU) == expected


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)]
)
def test_products_are_computed_in_what_is_asked_for(precision, dtype):
    with autocast(CPU, precision):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype
    assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_options_are_checked_before_anything_is_downloaded(monkeypatch):
    monkeypatch.setattr("pti.diffusion.load._download", lambda *_, **__: pytest.fail("downloads"))
    with pytest.raises(InputError, match=r"model\.load\.dtype=float8: choose one of"):
        from_pretrained("no/such/model", device="cpu", precision="fp32", dtype="float8")


def test_attention_on_a_cpu_is_plain_for_gradients_alone_and_the_same():
    torch.manual_seed(0)
    layer: Any = Attention(query_dim=32, cross_attention_dim=16, heads=2, dim_head=16)
    states, context = torch.randn(2, 9, 32), torch.randn(2, 5, 16, requires_grad=True)
    expected = layer(states, context)
    (expected_slope,) = torch.autograd.grad(expected.sum(), context)
    processor = AttentionOnCpu()
    used = []
    for name in ("_fused", "_plain"):
        inner = getattr(processor, name)

        def noted(*parts, name=name, inner=inner, **more):
            used.append(name)
            return inner(*parts, **more)

        setattr(processor, name, noted)
    layer.set_processor(processor)
    with autocast(CPU, "bf16"):
        tuned = layer(states, context)
        with torch.no_grad():
            sampled = layer(states, context)
    assert used == ["_plain", "_fused"]
    (slope,) = torch.autograd.grad(tuned.float().sum(), context)
    for found, exact in ((tuned, expected), (sampled, expected), (slope, expected_slope)):
        torch.testing.assert_close(found.float(), exact, rtol=0.03, atol=0.03)


@pytest.mark.parametrize(("precision", "expected"), [("bf16", True), ("fp32", False)])
def test_a_model_in_bf16_on_a_cpu_attends_so(precision, expected):
    model = embedded(device="cpu", precision=precision)
    assert {isinstance(one, AttentionOnCpu) for one in model.attention.values()} == {expected}
