"""Where cells depart from the experiment whose name they bear: overrides that change results."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf, open_dict

from experiments.jobs.schema import CONFIGS, register
from experiments.store.cell import Cell
from experiments.store.fields import UNCOMPARED, UNSTORED, flat

WHERE = ("path", "root", "train", "split")
"""Fields of a model or data set that say where it lies, or that its name tells."""

MOVED = ("model", "data")
Place = tuple[tuple[str, Any], ...]
"""A model's or data set's name, and its fields that say where it is, as pairs."""

APART = {*UNSTORED, "name", "cell", "report"}
MANY = 3
"""Beyond so many cells, those that share a departure are only counted."""


@dataclass(frozen=True)
class Standard:
    """An experiment as it runs a method when nothing is overridden.

    ``options`` are the files of configs/ by group, None for a group where the cell's is from
    elsewhere. ``swept`` are dotted fields that the experiment itself varies.
    """

    options: dict[str, str | None]
    config: dict[str, Any]
    swept: tuple[str, ...]
    by_points: bool

    def departures(self, cell: Cell) -> dict[str, tuple[Any, Any]]:
        """Dotted fields of the cell that are not the standard's: its value, and the standard's.

        Of what can be compared: not of a method, model or data set from elsewhere. A field that
        only the cell has counts, with None for the standard's.
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
        """Whether a field bears on results, and can be compared."""
        group = key.partition(".")[0]
        elsewhere = {group for group, option in self.options.items() if option is None}
        unknown = {"metrics"} if "data" in elsewhere else set[str]()
        machine_s = {"precision"} if self.config["model.precision"] == "fastest" else set[str]()
        aside = APART | elsewhere | unknown | machine_s
        return group not in aside and key not in {*UNCOMPARED, *self.swept, "model.precision"}


def standard_of(config: DictConfig) -> Standard | None:
    """The standard of a cell of this configuration.

    None where configs/ lacks its experiment, or where that sweeps over nothing: a search chooses
    its trials itself.
    """
    if not (CONFIGS / "experiment" / f"{config.name}.yaml").is_file():
        return None
    groups = [tuple({"name": config[g].name, **places(config, g)}.items()) for g in MOVED]
    return _standard(config.name, config.method.name, *groups)


@cache
def _standard(experiment: str, method: str, model: Place, data: Place) -> Standard | None:
    params = _composed(f"experiment={experiment}").hydra.sweeper.params
    if not params:
        return None
    listed = [word.strip() for word in str(params.get("method", "")).split(",")]
    options = {
        "method": _option("method", (("name", method),), listed),
        "model": _option("model", model),
        "data": _option("data", data),
    }
    words = [f"{group}={option}" for group, option in options.items() if option]
    composed = _composed(f"experiment={experiment}", *words)
    with open_dict(composed):
        del composed["hydra"], composed["cell"]
        for group, place in zip(MOVED, (model, data), strict=True):
            composed[group] = OmegaConf.merge(composed[group], dict(place[1:]))
    # Else the machine would be asked which is fastest, after seconds of imports.
    composed.precision = composed.model.precision
    # By way of its text, as a cell keeps it.
    written: Any = OmegaConf.create(OmegaConf.to_yaml(composed, resolve=True))
    swept = (*written.report.fields.values(), *(key for key in params if "." in key))
    return Standard(options, flat(written), swept, "point" in params)


def sentences(cells: Iterable[tuple[str, Cell]]) -> list[str]:
    """One for each departure, with the cells that share it; ``cells`` come with their names."""
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
    """A field's value as it is written on a command line."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _which(names: list[str], of: int) -> str:
    if len(names) <= MANY:
        return ", ".join(names)
    return f"all {of} cells" if len(names) == of else f"{len(names)} of {of} cells"


def places(config: DictConfig, group: str) -> dict[str, Any]:
    """Where a cell's model or data set lies."""
    own: Any = config[group]
    return {key: own[key] for key in WHERE if own.get(key) is not None}


def _composed(*words: str) -> DictConfig:
    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        return compose("run", list(words), return_hydra_config=True)


def _option(group: str, place: Place, first: Iterable[str] = ()) -> str | None:
    """The file of configs/ that a cell's method, model or data set is from, by its name."""
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
