"""Which arithmetic is chosen, by what the processor says of itself."""

import pytest
import torch

from pti.diffusion.load import from_pretrained
from pti.diffusion.precision import autocast, fastest
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
