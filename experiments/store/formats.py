"""The results folder: every file in it, and what stands there.

    results/<experiment>/<model>-<data>/   a result set
        setting.yaml                       what its cells have in common
        inputs/KEY.png                     each item's picture, as the model takes it
        truths/KEY.png                     its true edit, where the data set has one
        regions/KEY.png                    white where it should change, where the data set says so
        cells/<cell>/                      a cell: one method with one configuration
            config.yaml                    the configuration, without what does not affect results
            run.json                       RunInfo
            records.jsonl                  Record, a line an item; the last line of a key counts
            scores.jsonl                   Score, a line a picture; the last line of a key counts
            classes.jsonl                  ClassLine, a line a class, and one of all together
            features.npz                   what networks made of the pictures, by their digests
            images/KEY.png, masks/KEY.png  the result, and white where the edit was free

JSON has no inf and no nan: such a number is null, and stands in the same object under
``not finite``.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from typing import Any, Literal, Self

from pti.errors import InputError

CONFIG, RUN, RECORDS, SCORES = "config.yaml", "run.json", "records.jsonl", "scores.jsonl"
CLASSES, FEATURES = "classes.jsonl", "features.npz"
CELLS, SETTING = "cells", "setting.yaml"
RESERVATIONS, TURN = ".claims", ".turn"
INPUTS, TRUTHS, REGIONS = "inputs", "truths", "regions"
IMAGES, MASKS = "images", "masks"
EVERYTHING = "all"
"""The class under which ``classes.jsonl`` keeps what is measured of all results together."""


class Stored:
    """An object of a JSON file."""

    @classmethod
    def read(cls, line: Mapping[str, Any]) -> Self:
        """What a file says; a field that it lacks takes its default, any more are left out.

        Raises ``InputError`` where it lacks a field that has no default.
        """
        own: tuple[Field[Any], ...] = fields(cls)  # pyright: ignore[reportArgumentType] (a dataclass)
        needed = {one.name for one in own if one.default is one.default_factory is MISSING}
        if lacking := sorted(needed - line.keys()):
            raise InputError(
                f"a line for {line.get('key')!r} lacks {', '.join(lacking)}: delete the folder of "
                "its cell and run the experiment again"
            )
        return cls(**{one.name: line[one.name] for one in own if one.name in line})

    def written(self) -> dict[str, Any]:
        """What goes into the file."""
        return asdict(self)  # pyright: ignore[reportArgumentType] (a dataclass)


@dataclass(frozen=True)
class Record(Stored):
    """What became of one item: a line of ``records.jsonl``."""

    key: str
    """The item's name in the data set, and that of its files."""
    status: Literal["done", "failed"]
    """Whether there is a picture."""
    caption: str
    """What the picture shows."""
    target: str
    """The prompt that the result was made for: to reconstruct, the caption."""
    seed: int
    """The item's own seed."""
    error: str | None = None
    """Why it failed."""
    target_class: str | None = None
    """The class that the result should show."""
    words: list[str] = field(default_factory=list)
    """The phrases of the target that the mask follows."""
    tags: list[str] = field(default_factory=list)
    """What kind of item the data set says that it is."""
    sources: dict[str, str] = field(default_factory=dict)
    """The pictures that the result was made of or is compared with, by ``identity_of``."""
    image: str | None = None
    """The result's path within the cell."""
    mask: float | None = None
    """The share of the picture that the edit was free to change."""
    calls: dict[str, float] = field(default_factory=dict)
    """UNet evaluations that the method costs for this picture, by stage."""
    spent: dict[str, float] = field(default_factory=dict)
    """Those of them that this run made: the rest came from the cache."""
    seconds: float | None = None
    """The item's share of the time of its batch."""
    notes: list[str] = field(default_factory=list)
    """What to know before trusting the result."""
    at: str = ""
    """When the record was made: ISO 8601, in UTC."""

    @property
    def done(self) -> bool:
        """Whether there is a picture."""
        return self.status == "done"


@dataclass(frozen=True)
class Score(Stored):
    """What was measured of one picture: a line of ``scores.jsonl``."""

    key: str
    """The item's."""
    image_sha256: str
    """The digest of the picture's file."""
    suite: str
    """The digest of the metrics: their names, code and weights."""
    values: dict[str, float]
    """By metric; written beside the other fields, under the metric's id."""

    @classmethod
    def read(cls, line: Mapping[str, Any]) -> Self:
        """What a file says."""
        key, image, suite = line["key"], line.get("image_sha256", ""), line.get("suite", "")
        own = {"key", "image_sha256", "suite"}
        return cls(key, image, suite, {name: line[name] for name in line.keys() - own})

    def written(self) -> dict[str, Any]:
        """What goes into the file."""
        return {
            "key": self.key,
            "image_sha256": self.image_sha256,
            "suite": self.suite,
        } | self.values


@dataclass(frozen=True)
class ClassLine(Stored):
    """What was measured of all results for one class together: a line of ``classes.jsonl``."""

    name: str
    """The class, written as ``class``; ``EVERYTHING`` for all results."""
    n: int
    """The number of its results."""
    values: dict[str, float]
    """By quantity; written beside the other fields."""

    @classmethod
    def read(cls, line: Mapping[str, Any]) -> Self:
        """What a file says."""
        rest = {name: line[name] for name in line.keys() - {"class", "n"}}
        return cls(line["class"], line["n"], rest)

    def written(self) -> dict[str, Any]:
        """What goes into the file."""
        return {"class": self.name, "n": self.n} | self.values


@dataclass(frozen=True)
class RunInfo(Stored):
    """What made a cell: ``run.json``."""

    weights: str
    """The digest of the model."""
    data: dict[str, Any]
    """``items``: key, caption and target of each; ``sha256``: the digest of that list."""
    code: dict[str, str]
    """The sha256 of each source file that the pictures follow from, by module."""
    git: dict[str, Any]
    """The commit, and whether files had changed since."""
    versions: dict[str, str]
    """Of Python and the libraries."""
    machine: dict[str, Any]
    """System, processor, cores, threads, device, GPU."""
    workers: int | None = None
    """Processes; None until the run has ended."""
    peak_memory: int | None = None
    """The most that they held together, in MiB; None until the run has ended."""
    earlier: list[dict[str, Any]] = field(default_factory=list)
    """The same of earlier runs by different code, or elsewhere, that made parts of the cell."""
