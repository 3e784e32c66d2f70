"""Opening a cell, unless a different configuration, code or model wrote it."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from experiments.store.atomic import write_json, write_text
from experiments.store.cell import Cell, read_run
from experiments.store.fields import PLACES, UNSTORED, flat, is_compared
from experiments.store.formats import CELLS, CONFIG, NOTING, RUN, SETTING, RunInfo
from experiments.store.locks import exclusive
from experiments.store.sources import code_of
from pti.errors import InputError

SHARED = ("name", "model", "data", "precision", "seed")
"""Configuration fields that all cells of a result set must have in common."""

LONGEST_NAME = 200
"""The longest name of a folder, in bytes."""

NAMED = 3
"""How many changed modules a message names; it counts the rest."""


def result_set_folder(cfg: DictConfig) -> Path:
    """The folder of a result set: ``results/<experiment>/<model>-<data>``."""
    return Path(cfg.results) / cfg.name / f"{cfg.model.name}-{cfg.data.name}"


def cell_folder(cfg: DictConfig) -> Path:
    """The folder of a cell; raises ``InputError`` where a part of its path can't name a folder."""
    result_set, cell = result_set_folder(cfg), cfg.cell.strip(",")
    for key, name in (("name", cfg.name), ("data.name", result_set.name), ("cell", cell)):
        hidden = not name or name.startswith(".") or not name.isprintable()
        if hidden or len(name.encode()) > LONGEST_NAME or set(name) & set("/\\"):
            raise InputError(
                f"{key}={name!r} can't be a folder's name: give another one with {key}=..."
            )
    return result_set / CELLS / cell


def open_cell(cfg: DictConfig) -> Cell:
    """Read a cell, after making its folder where it is missing.

    Raises ``InputError`` where the folder can't be written, or holds results of a different
    configuration or different code.
    """
    folder = cell_folder(cfg)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _keep_or_compare(result_set_folder(cfg) / SETTING, _shared(cfg))
        _keep_or_compare(folder / CONFIG, _lasting(cfg))
        _renew(folder / CONFIG, _lasting(cfg))
    except OSError as error:
        raise InputError(
            f"{folder} can't be written ({error.strerror}): choose another folder with results=..."
        ) from error
    _refuse_other_code(cfg, folder)
    return Cell.read(folder)


def existing_cell(cfg: DictConfig) -> Cell | None:
    """Read a cell without writing anything; None where it has not begun.

    Raises ``InputError`` where it holds results of a different configuration or different code.
    """
    folder = cell_folder(cfg)
    if (result_set_folder(cfg) / SETTING).exists():
        _compare(result_set_folder(cfg) / SETTING, _shared(cfg))
    if not (folder / CONFIG).exists():
        return None
    _compare(folder / CONFIG, _lasting(cfg))
    _refuse_other_code(cfg, folder)
    return Cell.read(folder)


def _shared(cfg: DictConfig) -> dict[Any, Any]:
    return {key: cfg[key] for key in SHARED}


def _lasting(cfg: DictConfig) -> dict[Any, Any]:
    return {key: cfg[key] for key in cfg if key not in UNSTORED}


def note_run(folder: Path, about: RunInfo) -> None:
    """Write ``run.json``; earlier runs with different code, versions or machine stay listed in it.

    Raises ``InputError`` where the cell was written with different weights.
    """
    with exclusive(folder / NOTING):
        _note_run(folder, about)


def _note_run(folder: Path, about: RunInfo) -> None:
    before = read_run(folder)
    if before and before.weights != about.weights:
        raise InputError(
            f"{folder} was written with other model weights: delete it, or choose another "
            "folder with results=..."
        )
    runs = [*before.earlier, replace(before, earlier=[]).written()] if before else []
    # The shards of a cell may take turns on several machines: each machine is listed only once.
    ours = _maker(about.written())
    earlier = {_maker(run): run for run in runs if _maker(run) != ours}
    write_json(folder / RUN, replace(about, earlier=list(earlier.values())).written())


def _maker(run: dict[str, Any]) -> str:
    return json.dumps([run[key] for key in ("code", "git", "versions", "machine")], sort_keys=True)


def _keep_or_compare(path: Path, config: dict[Any, Any]) -> None:
    """Write ``config`` if there is no file; raise ``InputError`` if the file differs from it."""
    if path.exists():
        _compare(path, config)
    else:
        write_text(path, OmegaConf.to_yaml(OmegaConf.create(config), resolve=True))


def _renew(path: Path, config: dict[Any, Any]) -> None:
    """Write the fields that are not compared, such as the layout of reports, as they are now."""
    text = OmegaConf.to_yaml(OmegaConf.create(config), resolve=True)
    if path.read_text("utf-8") != text:
        write_text(path, text)


def refuse_collisions(configs: Iterable[DictConfig]) -> None:
    """Raise ``InputError`` where two different jobs would write the same cell."""
    seen: dict[Path, dict[str, Any]] = {}
    for cfg in configs:
        folder = cell_folder(cfg)
        ours = {key: of for key, of in flat(_plain(_lasting(cfg))).items() if is_compared(key)}
        first = seen.setdefault(folder, ours)
        for key in sorted(first.keys() | ours.keys()):
            if first.get(key) != ours.get(key):
                raise InputError(
                    f"two jobs of this sweep would both write {folder}, but differ in {key} "
                    f"({first.get(key)} and {ours.get(key)}): give each a name of its own, or "
                    "list the field in report.fields"
                )


def _plain(config: dict[Any, Any]) -> Any:
    """The configuration as its file has it, through YAML, so that values compare equal."""
    return OmegaConf.create(OmegaConf.to_yaml(OmegaConf.create(config), resolve=True))


def _compare(path: Path, config: dict[Any, Any]) -> None:
    written, wanted = flat(OmegaConf.load(path)), flat(_plain(config))
    for key in sorted(filter(is_compared, written.keys() | wanted.keys())):
        if not _same(key, written.get(key), wanted.get(key)):
            raise InputError(
                f"{path.parent} holds results of {key}={written.get(key)}, not {wanted.get(key)}: "
                "choose another folder with results=..., or delete that one"
            )


def _same(key: str, written: Any, wanted: Any) -> bool:
    """Whether a field has the same value; a path may be spelt in several ways.

    Any precision is that of a plan that did not ask the device for its fastest.
    """
    if (key, wanted) == ("precision", "fastest"):
        return True
    if key.rpartition(".")[2] in PLACES and isinstance(written, str) and isinstance(wanted, str):
        return Path(written).resolve() == Path(wanted).resolve()
    return written == wanted


def code_of_cell(cfg: DictConfig) -> dict[str, str]:
    """The sha256 of each source file that affects a cell's pictures, by module."""
    return code_of(cfg.method, cfg.model.load, cfg.data.tasks)


def _refuse_other_code(cfg: DictConfig, folder: Path) -> None:
    if cfg.accept_other_code or (run := read_run(folder)) is None:
        return
    before, now = run.code, code_of_cell(cfg)
    if before != now:
        changed = sorted(dict(before.items() ^ now.items()))
        more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
        raise InputError(
            f"{folder} was written by other code ({', '.join(changed[:NAMED])}{more} changed "
            "since): delete it, choose another folder with results=..., or go on with "
            "accept_other_code=true"
        )
