"""A cell as a wandb run: offline, unless WANDB_MODE is ``online``."""

import os
import shutil
from pathlib import Path

import wandb

from experiments.mirror.content import Mirrored


def show(shown: Mirrored, mirror: Path) -> None:
    """Write the run, replacing earlier local runs of the cell."""
    for earlier in mirror.glob(f"wandb/*-{shown.id}"):
        shutil.rmtree(earlier)
    settings = wandb.Settings(
        console="off",
        disable_code=True,
        disable_git=True,
        save_code=False,
        silent=True,
        x_disable_machine_info=True,
        x_disable_meta=True,
        x_disable_stats=True,
    )
    run = wandb.init(
        project="diffusion-inversion",
        id=shown.id,
        name=shown.name,
        group=shown.group,
        config=shown.config,
        dir=mirror,
        mode="online" if os.environ.get("WANDB_MODE") == "online" else "offline",
        resume="allow" if os.environ.get("WANDB_MODE") == "online" else None,
        settings=settings,
    )
    pictures = {
        f"pictures/{key}": [wandb.Image(str(path), caption=path.parent.name) for path in paths]
        for key, paths in shown.pictures.items()
    }
    table = wandb.Table(columns=list(shown.header), data=[list(row) for row in shown.rows])
    run.log({**shown.means, "items": table, **pictures})
    run.finish()
