"""The same bits from the same computation on a GPU, where they are not the default."""

import os
from typing import Any

import torch


def make_reproducible() -> None:
    """Have torch take deterministic algorithms on GPUs, and no TF32, from now on in this process.

    An operation without such an algorithm raises ``RuntimeError`` when it is called. The backward
    of cuDNN's attention is one of them, so that attention is left to the other kernels.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read at cuBLAS's first call
    torch.use_deterministic_algorithms(True)
    # It would fill all memory that is allocated, also what is written in whole anyway.
    memory: Any = torch.utils.deterministic
    memory.fill_uninitialized_memory = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.enable_cudnn_sdp(False)
