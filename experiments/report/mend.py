"""Derives the commands that compute a report's missing cells and items from the cells' files."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from pandas import isna

from experiments.jobs.schema import fitting_metrics
from experiments.jobs.spelling import in_quotes
from experiments.report.completeness import NAMED, asked, problems
from experiments.report.departures import MOVED, Standard, places, standard_of, word
from experiments.report.summary import Summary
from experiments.store.cell import Cell
from experiments.store.fields import GIVEN

RUN = "To compute what is missing, and nothing else: "
AGAIN = (
    "To compute what is missing of a cell whose experiment, method, model or data set is not in "
    "configs/, give again the command that made it; its config.yaml has its settings."
)
PLAIN = re.compile(r"[A-Za-z_./][\w./@+-]*|-?[\d.]+(e-?\d+)?", re.ASCII)
"""Values that Hydra reads correctly without quotes."""

CHOSEN = "method.inversion"
"""The field that says which inversion a pair has; the override is ``inversion``."""

Overrides = dict[str, str]
"""The overrides of one cell's run: values by key."""


def mend(summary: Summary) -> list[str]:
    """Sentences with the commands that compute what is missing; empty where nothing is."""
    everything = asked(summary.result_set)
    lacking = [
        i
        for i, cell in enumerate(summary.measured)
        if cell is None or any(problems(cell, everything))
    ]
    common = _common(summary)
    wanted = [_overrides(summary, i, common) for i in lacking]
    wanted += [_overrides_of(summary, cell) for cell in summary.result_set.empty]
    whole = [overrides for overrides in wanted if overrides]
    known = [
        overrides for i in summary.cells.index if (overrides := _overrides(summary, i, common))
    ]
    commands = (
        [_command(overrides) for overrides in _sweeps(whole, [*known, *whole])] if whole else []
    )
    more = len(commands) - NAMED
    return [
        *(f"{RUN}{command}" for command in commands[:NAMED]),
        *([f"{more} more commands like that compute the rest."] if more > 0 else []),
        *([AGAIN] if len(whole) < len(wanted) else []),
    ]


def again(summary: Summary) -> tuple[list[str], bool]:
    """The commands that make the cells that there are, elsewhere; whether these are all of them."""
    found = [_overrides_of(summary, cell) for _, cell in summary.named()]
    known = [{key: one[key] for key in one if key != "results"} for one in found if one]
    return [_command(overrides) for overrides in _sweeps(known, known)], len(known) == len(found)


def _overrides(summary: Summary, position: int, common: dict[str, Any]) -> Overrides | None:
    """The overrides that run a cell of the report; None where configs/ lacks a part of it."""
    cell = summary.measured[position]
    if cell is not None:
        return _overrides_of(summary, cell)
    row: Any = summary.cells.loc[position]
    config = summary.result_set.cells[0].config.copy()
    fields = {p: row[n] for n, p in summary.result_set.fields.items() if not isna(row[n])}
    config.method = {"name": row["method"], "inversion": fields.pop(CHOSEN, "")}
    standard = standard_of(config)
    if standard is None:
        return None
    shared = {key: value for key, value in common.items() if key in standard.config}
    return _written(summary, config, standard, fields | shared)


def _overrides_of(summary: Summary, cell: Cell) -> Overrides | None:
    standard = standard_of(cell.config)
    if standard is None:
        return None
    fields = {
        path: value
        for path in standard.swept
        if path != CHOSEN and (value := OmegaConf.select(cell.config, path)) is not None
    }
    departures = {key: value for key, (value, _) in standard.departures(cell).items()}
    return _written(summary, cell.config, standard, fields | departures)


def _common(summary: Summary) -> dict[str, Any]:
    """Departures on which all cells with the field agree; missing cells are run with them, too."""
    cells = summary.result_set.cells
    departures = {
        key: value
        for cell in cells
        if (standard := standard_of(cell.config))
        for key, (value, _) in standard.departures(cell).items()
    }
    given = {key: [OmegaConf.select(cell.config, key) for cell in cells] for key in departures}
    return {
        key: value
        for key, value in departures.items()
        if all(other in (None, value) for other in given[key])
    }


def _written(
    summary: Summary, config: DictConfig, standard: Standard, given: Mapping[str, Any]
) -> Overrides | None:
    """All overrides of a run; None where its method, model or data set is not from configs/."""
    if None in standard.options.values():
        return None
    where = {
        f"{group}.{key}": value for group in MOVED for key, value in places(config, group).items()
    }
    results, measures = summary.result_set.folder.parent.parent, summary.measures.name
    values = {
        "experiment": config.name,
        **standard.options,
        **where,
        "limit": len(asked(summary.result_set)),
        "precision": config.precision,
        **({} if measures == fitting_metrics(config) else {"metrics": measures}),
        **({} if str(results) == "results" else {"results": results}),
        **dict(map(_whole, given, given.values())),
    }
    return {key: _quoted(word(value)) for key, value in values.items()} | _types(config)


def _types(config: DictConfig) -> Overrides:
    """The types of items that the cell's last run selected; ``limit`` counts within them."""
    types: Any = config.data.get("types")
    if not types:
        return {}
    listed = types if isinstance(types, ListConfig) else [types]
    return {"data.types": f"[{','.join(map(str, listed))}]"}


def _whole(key: str, value: Any) -> tuple[str, Any]:
    """An override; a given mask takes the place of a mask and all its fields."""
    place, _, last = key.rpartition(".")
    is_mask = (last, value) == ("_target_", GIVEN)
    return (f"mask@{place}", "given") if is_mask else (key, value)


def _sweeps(wanted: Sequence[Overrides], known: Sequence[Overrides]) -> Iterator[Overrides]:
    """Merge the ``wanted`` cells into few sweeps, each over cells of ``known`` only."""
    groups: dict[tuple[str, ...], list[Overrides]] = {}
    for overrides in wanted:
        groups.setdefault(tuple(overrides), []).append(overrides)
    for keys, cells in groups.items():
        values = [list(dict.fromkeys(cell[key] for cell in cells)) for key in keys]
        whole = [dict(zip(keys, each, strict=True)) for each in product(*values)]
        if all(cell in known for cell in whole):
            yield {key: ",".join(each) for key, each in zip(keys, values, strict=True)}
        else:
            yield from cells


def _command(overrides: Overrides) -> str:
    given = (shlex.quote(f"{key}={value}") for key, value in overrides.items())
    return f"python -m experiments.run {' '.join(given)}"


def _quoted(text: str) -> str:
    """The text in quotes where Hydra would misread it without."""
    return text if PLAIN.fullmatch(text) else in_quotes(text)
