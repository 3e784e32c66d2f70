"""The precision of the UNet's arithmetic, and the fastest one on a device."""

from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from typing import Literal

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

Precision = Literal["fp32", "bf16"]


@contextmanager
def autocast(device: torch.device, precision: Precision) -> Generator[None]:
    """Compute in ``precision``.

    On a CPU, bf16 avoids fused attention where gradients are wanted, since its backward is slow.
    """
    if precision == "fp32":
        yield
        return
    slow = device.type == "cpu" and torch.is_grad_enabled()
    plain = sdpa_kernel(SDPBackend.MATH) if slow else nullcontext()
    with torch.autocast(device.type, torch.bfloat16), plain:
        yield


def fastest(device: torch.device) -> Precision:
    """bf16 where the device supports it, else fp32; a CPU that emulates bf16 is 20 times slower."""
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        cpu = torch.cpu
        native = cpu._is_avx512_bf16_supported() or cpu._is_amx_tile_supported()  # pyright: ignore[reportPrivateUsage]
    return "bf16" if native else "fp32"
