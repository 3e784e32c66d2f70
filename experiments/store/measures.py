"""What a cell's results are measured by: ``metrics.json``, with which a report needs no metric."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from eval.quantity import Quantity
from experiments.store.formats import Stored


@dataclass(frozen=True)
class Measures(Stored):
    """The quantities of a set of metrics, and the place of each in a report.

    ``asked`` are the ids that measure whether an edit is what was asked for. ``near`` and
    ``reached`` are the axes of a trade-off curve: how far a result is from its input, and how far
    from what was asked for; lower is better for both. ``kept`` is the axis beside which the true
    edits are compared: whether the rest is as it was.
    """

    name: str
    """The name of the set: ``metrics=`` chooses it."""
    pictures: tuple[Quantity, ...]
    """Quantities of single pictures."""
    classes: tuple[Quantity, ...]
    """Quantities of all results for one target class together; empty where none are compared."""
    everything: tuple[Quantity, ...]
    """Quantities of all results together."""
    near: str | None
    """The id of the distance to the input; None without one."""
    asked: tuple[str, ...]
    """Ids of what was asked for."""
    kept: str | None
    """The id of what an edit should keep; None without one."""
    settings: dict[str, Any]
    """The configuration of each metric, by the name that the set gives it."""

    @classmethod
    def read(cls, line: Mapping[str, Any], where: Path) -> Self:
        """Read the object of the file ``where``; raises ``InputError`` where a field is missing."""
        quantities = {
            name: tuple(Quantity(**one) for one in line.get(name, ()))
            for name in ("pictures", "classes", "everything")
        }
        asked, kept = tuple(line.get("asked", ())), line.get("kept")
        if isinstance(kept, list):  # files of earlier versions have a list
            kept = next(iter(kept), None)
        return super().read({**line, **quantities, "asked": asked, "kept": kept}, where)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """All quantities in the order of tables: those of what was asked for come first."""
        asked = [one for one in self.pictures if one.id in self.asked]
        others = [one for one in self.pictures if one.id not in self.asked]
        return (*asked, *self.classes, *others, *self.everything)

    @property
    def reached(self) -> Quantity | None:
        """CSFID as in FlexIT, without correction; None where no classes are compared."""
        return self.classes[0] if self.classes else None

    @property
    def headline(self) -> list[Quantity]:
        """The quantities of the first table of edits; empty where no classes are compared."""
        wanted = {*self.asked, *(one.id for one in self.classes), self.near, self.kept}
        return [one for one in self.quantities if one.id in wanted] if self.classes else []

    def quantity(self, name: str | None) -> Quantity | None:
        """The quantity with that id; None where the set does not have it."""
        return next((one for one in self.quantities if one.id == name), None)
