"""Settings of every test: one thread a process, and no network."""

import os

import torch

import tests.typecheck  # noqa: F401 # pyright: ignore[reportUnusedImport] (named in --jaxtyping-packages, which looks it up on `tests`)

torch.set_num_threads(1)  # two workers on two cores: more threads spin and are slower

os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
    "WANDB_MODE": "disabled",
}
