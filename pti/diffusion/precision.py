"""bf16 arithmetic that is fast on the device at hand."""

from collections.abc import Generator
from contextlib import contextmanager

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel


@contextmanager
def bf16(device: torch.device) -> Generator[None]:
    """Autocast; on a CPU with plain attention, as the fused kernel's backward is slow there."""
    with torch.autocast(device.type, torch.bfloat16):
        if device.type == "cpu":
            with sdpa_kernel(SDPBackend.MATH):
                yield
        else:
            yield
