"""Finds overrides that change results: fields in which a cell differs from its experiment."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf, open_dict

from experiments.jobs.plan import grids_of
from experiments.jobs.schema import CONFIGS, register
from experiments.jobs.spelling import spelled
from experiments.store.cell import Cell
from experiments.store.fields import INVERSION, UNCOMPARED, UNSTORED, flat

WHERE = ("path", "root", "train", "split")
"""Fields of a model or data set that give its location, or that its name implies."""

MOVED = ("model", "data")
Place = tuple[tuple[str, Any], ...]
"""Key-value pairs: the name of a model or data set, and its fields of ``WHERE``."""

APART = {*UNSTORED, "name", "cell", "report"}
MANY = 3
"""Cells that are named in one sentence; more are only counted."""


@dataclass(frozen=True)
class Standard:
    """The configuration of an experiment and method without overrides.

    ``options`` are the file names in configs/ by group; None where the cell's method, model or data
    set is not from there. ``config`` maps dotted fields to values. ``swept`` are the dotted fields
    that the experiment varies.
    """

    options: dict[str, str | None]
    config: dict[str, Any]
    swept: tuple[str, ...]

    def departures(self, cell: Cell) -> dict[str, tuple[Any, Any]]:
        """The cell's and the standard's value of each dotted field in which the cell differs.

        The standard's value is None for a field that only the cell has. Fields of a method, model
        or data set that is not in configs/ can't be compared and are left out.
        """
        edits = str(cell.config.get("goal")) == "edit"
        return {
            key: (value, self.config.get(key))
            for key, value in flat(cell.config).items()
            if value != self.config.get(key)
            and self._bears(key)
            and (edits or not key.startswith("method.edit."))
        }

    def _bears(self, key: str) -> bool:
        """Whether a dotted field affects results and can be compared."""
        group = key.partition(".")[0]
        elsewhere = {group for group, option in self.options.items() if option is None}
        machine_s = {"precision"} if self.config["model.precision"] == "fastest" else set[str]()
        aside = APART | elsewhere | machine_s
        return group not in aside and key not in {*UNCOMPARED, *self.swept, "model.precision"}


def standard_of(config: DictConfig) -> Standard | None:
    """The standard of a cell with this configuration.

    None where configs/ lacks the experiment, or where the experiment sweeps over nothing, as a
    search does, which chooses its trials itself.
    """
    if not (CONFIGS / "experiment" / f"{config.name}.yaml").is_file():
        return None
    groups = [tuple({"name": config[g].name, **places(config, g)}.items()) for g in MOVED]
    return _standard(config.name, config.method.name, config.method.get("inversion", ""), *groups)


@cache
def _standard(
    experiment: str, method: str, inversion: str, model: Place, data: Place
) -> Standard | None:
    alone = _composed(f"experiment={experiment}")
    grids = grids_of(alone)
    if not any(grids):
        return None
    listed = [word for grid in grids for word in _words(grid, "method")]
    options = {
        "method": _option("method", (("name", method),), listed),
        "model": _option("model", model),
        "data": _option("data", data),
    }
    if inversion:
        known = (CONFIGS / "inversion" / f"{inversion}.yaml").is_file()
        options["inversion"] = inversion if known else None
    overrides = spelled([f"{group}={option}" for group, option in options.items() if option])
    composed = _composed(f"experiment={experiment}", *overrides)
    with open_dict(composed):
        # The cache may be named after the cell.
        del composed["hydra"], composed["cell"], composed["cache"]
        for group, place in zip(MOVED, (model, data), strict=True):
            composed[group] = OmegaConf.merge(composed[group], dict(place[1:]))
    # Resolving the default would ask the device for its fastest, after seconds of imports.
    composed.precision = composed.model.precision
    # Through YAML, as a cell stores it, so that values compare equal.
    written: Any = OmegaConf.create(OmegaConf.to_yaml(composed, resolve=True))
    own = [grid for grid in grids if options["method"] in _words(grid, "method")]
    own = [grid for grid in own if inversion in _words(grid, INVERSION, inversion)]
    fixed, varied = _dotted(own or grids)
    config = flat(written)
    config |= {key: fixed[key] for key in fixed.keys() & config.keys()}
    return Standard(options, config, (*written.report.fields.values(), *varied))


def _words(grid: dict[str, Any], key: str, default: str = "") -> list[str]:
    return [word.strip() for word in str(grid.get(key, default)).split(",")]


def _dotted(grids: list[dict[str, Any]]) -> tuple[dict[str, Any], set[str]]:
    """The dotted fields of grids: those of one value, with it, and those that vary."""
    values: dict[str, set[str]] = {}
    for key, value in ((key, str(value)) for grid in grids for key, value in grid.items()):
        if "." in key:
            values.setdefault(key, set()).update(value.split(","))
    fixed = {key: yaml.safe_load(min(of)) for key, of in values.items() if len(of) == 1}
    return fixed, values.keys() - fixed.keys()


def sentences(cells: Iterable[tuple[str, Cell]]) -> list[str]:
    """A sentence per departure with the cells that share it; ``cells`` are pairs with names."""
    named = list(cells)
    shared: dict[tuple[str, str], list[str]] = {}
    for name, cell in named:
        standard = standard_of(cell.config)
        for key, (value, usual) in (standard.departures(cell) if standard else {}).items():
            shared.setdefault((f"{key}={word(value)}", word(usual)), []).append(name)
    return [
        f"differs from the experiment: {given} ({usual}) in {_which(names, len(named))}"
        for (given, usual), names in shared.items()
    ]


def word(value: Any) -> str:
    """A field's value as an override spells it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _which(names: list[str], of: int) -> str:
    if len(names) <= MANY:
        return ", ".join(names)
    return f"all {of} cells" if len(names) == of else f"{len(names)} of {of} cells"


def places(config: DictConfig, group: str) -> dict[str, Any]:
    """The fields of ``WHERE`` that the cell's model or data set has."""
    own: Any = config[group]
    return {key: own[key] for key in WHERE if own.get(key) is not None}


def _composed(*overrides: str) -> DictConfig:
    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        return compose("run", list(overrides), return_hydra_config=True)


def _option(group: str, place: Place, first: Iterable[str] = ()) -> str | None:
    """The name of the file in configs/ that defines a cell's method, model or data set, or None.

    ``first`` are the options that are tried first.
    """
    known = [*filter(None, first), *sorted(path.stem for path in (CONFIGS / group).glob("*.yaml"))]
    name, *where = place
    return next((o for o in known if _name(group, o, dict(where)) == name[1]), None)


def _name(group: str, option: str, where: dict[str, Any]) -> str | None:
    file: Any = OmegaConf.load(CONFIGS / group / f"{option}.yaml")
    if "name" not in file:
        return _name(group, file.defaults[0], where)
    merged: Any = OmegaConf.merge({group: file}, {group: where})
    missing = any(OmegaConf.is_missing(merged[group], key) for key in WHERE)
    return None if missing else merged[group].name
