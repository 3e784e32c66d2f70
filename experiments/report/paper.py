"""``paper.yaml``: the numbers and the claims that the paper states, as values."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from pandas import DataFrame

from eval.psnr import PSNR

PAPER = Path(__file__).with_name("paper.yaml")


@dataclass(frozen=True)
class Number:
    """A mean that the paper prints for the one cell that the query ``cell`` selects."""

    cell: str
    value: float
    metric: str = PSNR.id


@dataclass(frozen=True)
class Ordering:
    """Every ``better`` cell beats each ``worse`` one that has the same values of ``each``."""

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
    """Among the cells that ``among`` selects, each beats the next along a rising field."""

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
    """The trade-off curve of ``better`` lies below that of ``worse``, where both reach.

    Each is the cells that have these values, of the method and of fields.
    """

    claim: str
    source: str
    better: dict[str, Any]
    worse: dict[str, Any]


Claim = Ordering | Decrease


@dataclass(frozen=True)
class PaperTable:
    """What the paper says about one experiment; ``setting`` is where its numbers come from.

    ``fields`` are those that its claims name, where ``cells`` does not.
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
        """Every cell that the table has, as field to value."""
        if not self.cells:
            return []
        return [
            dict(zip(self.cells, values, strict=True)) for values in product(*self.cells.values())
        ]


@dataclass(frozen=True)
class Paper:
    """All of it; ``order`` is that of methods, by name, in the rows of tables."""

    order: list[str]
    tables: dict[str, PaperTable]

    def table(self, experiment: str, fields: Iterable[str]) -> PaperTable:
        """What it says about an experiment over ``fields``: nothing, if that is ours."""
        nothing = PaperTable(title=experiment)
        table = self.tables.get(experiment, nothing)
        return table if {*table.cells, *table.fields} <= {"method", *fields} else nothing


def read_paper(path: Path = PAPER) -> Paper:
    """Read it; a key that is misspelt fails."""
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
