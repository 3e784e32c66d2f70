"""The precision of the UNet's arithmetic, and the fastest one on a device."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0
from torch import Tensor

Precision = Literal["fp32", "bf16"]


@contextmanager
def autocast(device: torch.device, precision: Precision) -> Generator[None]:
    """Compute in ``precision``."""
    if precision == "fp32":
        yield
        return
    with torch.autocast(device.type, torch.bfloat16):
        yield


class AttentionOnCpu:
    """An attention processor for bf16 on a CPU: fused, but plain where gradients are wanted.

    The backward of fused attention is slow there, and so is torch's own fallback in bf16.
    """

    def __init__(self) -> None:
        self._fused, self._plain = AttnProcessor2_0(), AttnProcessor()

    def __call__(self, *states: Any, **more: Any) -> Tensor:
        """What the processor of diffusers returns."""
        inner: Any = self._plain if torch.is_grad_enabled() else self._fused
        return inner(*states, **more)


def fastest(device: torch.device) -> Precision:
    """bf16 where the device supports it, else fp32; a CPU that emulates bf16 is 20 times slower."""
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        cpu = torch.cpu
        native = cpu._is_avx512_bf16_supported() or cpu._is_amx_tile_supported()  # pyright: ignore[reportPrivateUsage]
    return "bf16" if native else "fp32"
