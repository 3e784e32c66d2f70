"""Reads ``paper.yaml``, which has the numbers and the claims of the paper."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from pandas import DataFrame

from eval.quantity import PSNR

PAPER = Path(__file__).with_name("paper.yaml")


@dataclass(frozen=True)
class Number:
    """A mean that the paper prints for a cell; ``cell`` is a pandas query that selects it."""

    cell: str
    value: float
    metric: str = PSNR.id


@dataclass(frozen=True)
class Ordering:
    """Claim: every ``better`` cell beats every ``worse`` one with the same values of ``each``.

    ``better`` and ``worse`` are pandas queries over the cells.
    """

    claim: str
    source: str
    better: str
    worse: str
    each: tuple[str, ...] = ()
    metric: str = PSNR.id

    def pairs(self, cells: DataFrame) -> list[tuple[int, int]]:
        """Positions of cells to compare, better first."""
        better = cells.query(self.better).reset_index(names="better")
        worse = cells.query(self.worse).reset_index(names="worse")
        on: dict[str, Any] = {"on": list(self.each)} if self.each else {"how": "cross"}
        both = better.merge(worse, **on)
        return list(zip(both["better"].tolist(), both["worse"].tolist(), strict=True))


@dataclass(frozen=True)
class Decrease:
    """Claim: of the cells that ``among`` selects, each beats the next along a rising field."""

    claim: str
    source: str
    among: str
    along: str
    metric: str = PSNR.id

    def pairs(self, cells: DataFrame) -> list[tuple[int, int]]:
        """Positions of cells to compare, better first."""
        return list(pairwise(cells.query(self.among).sort_values(self.along).index.tolist()))


@dataclass(frozen=True)
class CurveOrdering:
    """Claim: the trade-off curve of ``better`` lies below the one of ``worse`` where they overlap.

    Both are values of the method and of fields, which select the cells of a curve.
    """

    claim: str
    source: str
    better: dict[str, Any]
    worse: dict[str, Any]


Claim = Ordering | Decrease


@dataclass(frozen=True)
class PaperTable:
    """The paper's numbers and claims about one experiment.

    ``setting`` names the model and data of its numbers. ``cells`` maps the fields of the paper's
    table to their values; ``fields`` are further fields that its claims name.
    """

    title: str
    cells: dict[str, list[Any]] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)
    setting: str = ""
    note: str = ""
    numbers: tuple[Number, ...] = ()
    claims: tuple[Claim, ...] = ()
    curves: tuple[CurveOrdering, ...] = ()

    def grid(self) -> list[dict[str, Any]]:
        """Every cell of the paper's table, as values by field."""
        if not self.cells:
            return []
        return [
            dict(zip(self.cells, values, strict=True)) for values in product(*self.cells.values())
        ]


@dataclass(frozen=True)
class Paper:
    """The content of ``paper.yaml``; ``order`` is that of methods, by name, in tables."""

    order: list[str]
    tables: dict[str, PaperTable]

    def table(self, experiment: str, fields: Iterable[str]) -> PaperTable:
        """The table of an experiment that sweeps ``fields``; an empty one if the paper has none."""
        nothing = PaperTable(title=experiment)
        table = self.tables.get(experiment, nothing)
        return table if {*table.cells, *table.fields} <= {"method", *fields} else nothing


def read_paper(path: Path = PAPER) -> Paper:
    """Read the file; raises ``TypeError`` or ``KeyError`` for a misspelt key."""
    content: Any = OmegaConf.to_container(OmegaConf.load(path))
    tables = {name: _table(entry) for name, entry in content["tables"].items()}
    return Paper(content["order"], tables)


def _table(entry: dict[str, Any]) -> PaperTable:
    numbers, claims, curves = (entry.pop(key, []) for key in ("numbers", "claims", "curves"))
    return PaperTable(
        **entry,
        numbers=tuple(Number(**number) for number in numbers),
        claims=tuple(_claim(claim) for claim in claims),
        curves=tuple(CurveOrdering(**curve) for curve in curves),
    )


def _claim(entry: dict[str, Any]) -> Claim:
    if "along" in entry:
        return Decrease(**entry)
    entry["each"] = tuple(entry.get("each", ()))
    return Ordering(**entry)
