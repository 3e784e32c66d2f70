"""Claiming a cell's folder: one config, one code, one model a cell."""

import json
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from experiments.files import write_json, write_text
from experiments.provenance import code_digest
from experiments.records import CELLS, CONFIG, RUN
from experiments.schema import VOLATILE
from pti.errors import InputError


def setting_folder(cfg: DictConfig) -> Path:
    """``results/<experiment>/<model>-<data>``."""
    return Path(cfg.results) / cfg.name / f"{cfg.model.name}-{cfg.data.name}"


def claim(cfg: DictConfig) -> Path:
    """The cell's folder, made or found; raises ``InputError`` where it belongs to another run."""
    folder = setting_folder(cfg) / CELLS / cfg.cell
    text = OmegaConf.to_yaml(_lasting(cfg), resolve=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / CONFIG).exists():
            _compare(folder, cfg, text)
        else:
            write_text(folder / CONFIG, text)
    except OSError as error:
        raise InputError(
            f"{folder} can't be written ({error.strerror}): choose another folder with results=..."
        ) from error
    return folder


def note_run(folder: Path, about: dict[str, Any]) -> None:
    """Write ``run.json``; raises ``InputError`` where other weights wrote the cell."""
    path = folder / RUN
    if path.exists():
        before = json.loads(path.read_text())
        if before["weights"] != about["weights"]:
            raise InputError(
                f"{folder} was written with other model weights: delete it, or choose another "
                "folder with results=..."
            )
    write_json(path, about)


def _lasting(cfg: DictConfig) -> DictConfig:
    kept = {key: cfg[key] for key in cfg if key not in VOLATILE}
    return OmegaConf.create(kept)


def _compare(folder: Path, cfg: DictConfig, text: str) -> None:
    written = flat(OmegaConf.load(folder / CONFIG))
    ours = flat(OmegaConf.create(text))
    for key in sorted(written.keys() | ours.keys()):
        if written.get(key) != ours.get(key):
            raise InputError(
                f"{folder} holds results of {key}={written.get(key)}, not {ours.get(key)}: choose "
                "another folder with results=..., or delete that one"
            )
    if cfg.accept_other_code or not (folder / RUN).exists():
        return
    if json.loads((folder / RUN).read_text())["code"] != code_digest():
        raise InputError(
            f"{folder} was written by other code (pti, baselines, eval or data have changed): "
            "delete it, choose another folder with results=..., or go on with "
            "accept_other_code=true"
        )


def flat(config: Any, prefix: str = "") -> dict[str, Any]:
    """Dotted keys to values."""
    if not isinstance(config, dict | DictConfig):
        return {prefix: config}
    pairs: dict[str, Any] = {}
    items: Any = OmegaConf.to_container(config) if isinstance(config, DictConfig) else config
    for key, value in items.items():
        pairs |= flat(value, f"{prefix}.{key}" if prefix else str(key))
    return pairs
