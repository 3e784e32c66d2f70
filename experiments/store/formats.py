"""The results folder: every file in it, and what the file contains.

    results/<experiment>/<model>-<data>/   a result set
        setting.yaml                       what its cells have in common
        inputs/KEY.png                     each item's picture, as the model takes it
        truths/KEY.png                     its true edit, where the data set has one
        regions/KEY.png                    white where it should change, where the data set says so
        features.npz                       features of the inputs, by network and digest
        cells/<cell>/                      a cell: one method with one configuration
            config.yaml                    the configuration, without what does not affect results
            run.json                       RunInfo
            metrics.json                   Measures: what the results are measured by
            records.jsonl                  Record, a line an item; the last line of a key counts
            scores.jsonl                   Score, a line a picture; the last line of a key counts
            classes.jsonl                  ClassLine, a line a class, and one for all results
            features.npz                   features of the results, by network and digest
            images/KEY.png, masks/KEY.png  the result, and white where the edit was free

JSON has no inf and no nan: these numbers are null, and ``not finite`` in the same object lists
them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self

from pti.errors import InputError

CONFIG, RUN, RECORDS, SCORES = "config.yaml", "run.json", "records.jsonl", "scores.jsonl"
CLASSES, FEATURES, METRICS = "classes.jsonl", "features.npz", "metrics.json"
CELLS, SETTING = "cells", "setting.yaml"
RESERVATIONS, TURN, NOTING = ".reservations", ".turn", ".noting"
INPUTS, TRUTHS, REGIONS = "inputs", "truths", "regions"
IMAGES, MASKS = "images", "masks"
EVERYTHING = "all"
"""The name of the line of ``classes.jsonl`` that measures all results together."""


class Stored:
    """A JSON object of a results file; its keys are the fields of the dataclass."""

    @classmethod
    def read(cls, line: Mapping[str, Any], where: Path) -> Self:
        """Read an object of the file ``where``; unknown fields are ignored.

        A missing field takes its default; raises ``InputError`` where it has none.
        """
        own: tuple[Field[Any], ...] = fields(cls)  # pyright: ignore[reportArgumentType] (a dataclass)
        needed = {one.name for one in own if one.default is one.default_factory is MISSING}
        _require(needed, line, where)
        return cls(**{one.name: line[one.name] for one in own if one.name in line})

    def written(self) -> dict[str, Any]:
        """The object as the file has it."""
        return asdict(self)  # pyright: ignore[reportArgumentType] (a dataclass)


@dataclass(frozen=True)
class Record(Stored):
    """What became of one item: a line of ``records.jsonl``."""

    key: str
    """The item's name in the data set; its files are named after it."""
    status: Literal["done", "failed"]
    """Whether there is a result."""
    caption: str
    """The prompt that describes the input."""
    target: str
    """The prompt that the result was made for: to reconstruct, the caption."""
    seed: int
    """The item's own seed."""
    error: str | None = None
    """Why the item failed; None where it is done."""
    target_class: str | None = None
    """The class that the result should show."""
    words: list[str] = field(default_factory=list)
    """The phrases of the target that the mask follows."""
    tags: list[str] = field(default_factory=list)
    """Labels from the data set that say what kind of item it is."""
    sources: dict[str, str] = field(default_factory=dict)
    """The identities (``identity_of``) of the pictures that determine the result or its scores."""
    image: str | None = None
    """The result's path within the cell."""
    mask: float | None = None
    """The share of the picture that the edit was free to change, 0 to 1; None without a mask."""
    from_jpeg: bool = False
    """Whether the result was read from a JPEG file, as an imported one may be."""
    calls: dict[str, float] = field(default_factory=dict)
    """UNet calls that the method needs for this picture, by stage, cached or not."""
    spent: dict[str, float] = field(default_factory=dict)
    """UNet calls that this run made, by stage: the rest came from the cache."""
    seconds: float | None = None
    """The item's share of the time of its batch; None where it failed."""
    notes: list[str] = field(default_factory=list)
    """What to know before trusting the result."""
    at: str = ""
    """When the record was made: ISO 8601, in UTC."""

    @property
    def done(self) -> bool:
        """Whether there is a result."""
        return self.status == "done"


@dataclass(frozen=True)
class Score(Stored):
    """The metrics of one picture: a line of ``scores.jsonl``."""

    key: str
    """The item's key."""
    image_sha256: str
    """The digest of the picture's file."""
    by: dict[str, str]
    """The digest of each metric by its id: of its settings, its code and its weights."""
    values: dict[str, float]
    """Values by the metric's id; the file has them beside the other fields."""
    device: str = "cpu"
    """The kind of device that measured what is new in this line, as last bits depend on it."""

    @classmethod
    def read(cls, line: Mapping[str, Any], where: Path) -> Self:
        """Read a line of the file ``where``; all of its fields but these four are metrics."""
        own = ("key", "image_sha256", "by")
        _require(own, line, where)
        values = {name: line[name] for name in line.keys() - {*own, "device"}}
        device = line.get("device", "cpu")
        return cls(line["key"], line["image_sha256"], line["by"], values, device)

    def written(self) -> dict[str, Any]:
        """The object as the file has it."""
        return {
            "key": self.key,
            "image_sha256": self.image_sha256,
            "by": self.by,
            "device": self.device,
        } | self.values


@dataclass(frozen=True)
class ClassLine(Stored):
    """The quantities of all results for one class together: a line of ``classes.jsonl``."""

    name: str
    """The class, in the file under ``class``; ``EVERYTHING`` for all results."""
    n: int
    """The number of its results."""
    by: str
    """The digest of the network that gave the features: its weights and its code."""
    values: dict[str, float]
    """Values by the quantity's id; the file has them beside the other fields."""
    of: str = ""
    """The digest of all that the file is computed from; only the line ``EVERYTHING`` has it."""
    without: dict[str, dict[str, float]] = field(default_factory=dict)
    """Values with one result left out, by its key; the line ``EVERYTHING`` has none."""

    @classmethod
    def read(cls, line: Mapping[str, Any], where: Path) -> Self:
        """Read a line of ``where``; all of its fields but these five are quantities."""
        _require(("class", "n", "by"), line, where)
        own = {"class", "n", "by", "of", "without"}
        values = {name: line[name] for name in line.keys() - own}
        of, without = line.get("of", ""), line.get("without", {})
        return cls(line["class"], line["n"], line["by"], values, of, without)

    def written(self) -> dict[str, Any]:
        """The object as the file has it."""
        about = {"class": self.name, "n": self.n, "by": self.by}
        own = {"of": self.of, "without": self.without}
        return about | {name: value for name, value in own.items() if value} | self.values


@dataclass(frozen=True)
class RunInfo(Stored):
    """The model, data, code and machine that computed a cell: ``run.json``."""

    weights: str
    """The digest of the model's weights."""
    data: dict[str, Any]
    """``items``: key, caption and target of each; ``sha256``: the digest of that list."""
    code: dict[str, str]
    """The sha256 of each source file that affects the pictures, by module."""
    git: dict[str, Any]
    """The commit, and whether tracked files differed from it; both None without git."""
    versions: dict[str, str]
    """The versions of Python and the libraries."""
    machine: dict[str, Any]
    """System, processor, cores, threads, device, GPU."""
    workers: int | None = None
    """The number of worker processes; None until the run has ended."""
    peak_memory: int | None = None
    """The peak memory of all processes of the run, in MiB; None until the run has ended."""
    earlier: list[dict[str, Any]] = field(default_factory=list)
    """The same fields for earlier runs of the cell with different code, versions or machine."""


def _require(names: Iterable[str], line: Mapping[str, Any], where: Path) -> None:
    if lacking := sorted(set(names) - line.keys()):
        raise InputError(
            f"{where} lacks {', '.join(lacking)}: delete {where.parent} and run its experiment"
        )
