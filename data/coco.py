"""``data=coco``: a seeded draw of pictures from COCO's validation set, each with one caption."""

import hashlib
import json
import random
import shlex
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from data.key import check_keys, key_of
from data.opener import PictureFile
from data.task import Task
from pti.errors import InputError

CAPTIONS = ("first", "longest", "random")
YEARS = ("captions_val2017.json", "captions_val2014.json")

Row = dict[str, Any]
"""A picture's ``file_name``, ``id``, ``url`` and the ``caption`` that was chosen."""

Captions = dict[int, str]
"""A picture's captions by caption id."""


@dataclass(frozen=True)
class Coco(Sequence[Task]):
    """``count`` pictures in the order that ``seed`` draws; a missing picture keeps its item.

    The ids of all pictures with a non-empty caption are sorted and shuffled by
    ``random.Random(seed)``, and the first ``count`` are taken, so that a smaller draw is the
    beginning of a larger one with the same seed. A picture has about five non-empty captions;
    ``caption`` takes the ``first`` by id, the ``longest``, or a ``random`` one that depends on the
    seed and the picture's id. ``annotations`` is the captions file, by default the only one in
    ``root/annotations/``; the pictures of ``captions_val2017.json`` lie in ``root`` or
    ``root/val2017``. Raises ``InputError`` for a wrong field or file.
    """

    root: str
    count: int = 128  # pyright: ignore[reportIncompatibleMethodOverride] (hides Sequence.count)
    seed: int = 0
    caption: str = "first"
    annotations: str | None = None

    def __post_init__(self) -> None:
        if self.caption not in CAPTIONS:
            raise InputError(f"caption={self.caption!r}: choose one of {', '.join(CAPTIONS)}")

    @cached_property
    def file(self) -> Path:
        """The captions file; raises ``InputError`` where there is none or more than one."""
        usual = [Path(self.root) / "annotations" / year for year in YEARS]
        tried = usual if self.annotations is None else [Path(self.annotations)]
        there = [path for path in tried if path.is_file()]
        if not there:
            raise InputError(
                f"{' and '.join(map(str, tried))} can't be found: unpack COCO's "
                "annotations_trainval2017.zip there or give data.tasks.annotations=FILE"
            )
        if len(there) > 1:
            raise InputError(
                f"{' and '.join(map(str, there))} are both there: say which one with "
                "data.tasks.annotations=FILE"
            )
        return there[0]

    @cached_property
    def rows(self) -> list[Row]:
        """The drawn pictures, in the order of items."""
        images, captions = _read(self.file)
        ids = sorted(captions.keys() & images.keys())
        if not 1 <= self.count <= len(ids):
            raise InputError(
                f"count={self.count}: {self.file} has {len(ids)} pictures with captions to draw"
            )
        random.Random(self.seed).shuffle(ids)  # noqa: S311 (a draw that anyone can repeat)
        rows: list[Row] = [
            {
                "file_name": images[chosen]["file_name"],
                "id": chosen,
                "url": images[chosen].get("coco_url", ""),
                "caption": self._choose(captions[chosen], chosen),
            }
            for chosen in ids[: self.count]
        ]
        check_keys(self.file, [(row["file_name"], _key(row["file_name"])) for row in rows])
        return rows

    def __len__(self) -> int:
        """The number of drawn pictures."""
        return len(self.rows)

    def __getitem__(self, index: int) -> Task:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The drawn picture ``index``."""
        row = self.rows[index]
        return Task(
            key=_key(row["file_name"]),
            caption=row["caption"],
            open=PictureFile(partial(self._find, row["file_name"])),
        )

    def chosen(self) -> list[Row]:
        """The drawn pictures and captions, to publish beside a result."""
        return [dict(row) for row in self.rows]

    def digest(self) -> str:
        """The sha256 of ``chosen`` as JSON with sorted keys and no spaces."""
        text = json.dumps(self.rows, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def examined(self) -> tuple[list[str], list[str]]:
        """The digest of what was drawn."""
        return [f"digest: {self.digest()}"], []

    def downloads(self) -> list[tuple[str, Path]]:
        """The address of each picture that was drawn, and where it belongs."""
        return [(str(row["url"]), self.path_of(str(row["file_name"]))) for row in self.rows]

    def missing(self) -> list[str]:
        """Paths of drawn pictures whose files are missing."""
        paths = [self.path_of(row["file_name"]) for row in self.rows]
        return [str(path) for path in paths if not path.is_file()]

    def path_of(self, name: str) -> Path:
        """The path where a picture is, or where it belongs."""
        flat = Path(self.root) / name
        year = self.file.stem.removeprefix("captions_")
        return flat if flat.is_file() else Path(self.root) / year / name

    def _find(self, name: str) -> Path:
        path = self.path_of(name)
        if not path.is_file():
            words = [f"root={self.root}", f"count={self.count}", f"seed={self.seed}"]
            words += [f"annotations={self.annotations}"] if self.annotations else []
            raise InputError(
                f"{path} is missing: python -m data.fetch coco {shlex.join(words)} gets it"
            )
        return path

    def _choose(self, captions: Captions, image: int) -> str:
        ordered = [captions[key] for key in sorted(captions)]
        if self.caption == "longest":
            return max(ordered, key=len)
        if self.caption == "random":
            return random.Random(f"{self.seed} {image}").choice(ordered)  # noqa: S311
        return ordered[0]


def _key(name: str) -> str:
    return key_of(Path(name).stem)


def _read(path: Path) -> tuple[dict[int, Row], dict[int, Captions]]:
    """Pictures, and their non-empty captions, both by picture id."""
    captions: defaultdict[int, Captions] = defaultdict(dict)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        for row in content["annotations"]:
            text = " ".join(row["caption"].split())
            if text:
                captions[row["image_id"]][row["id"]] = text
        images = {row["id"]: row for row in content["images"]}
        outside = [row["file_name"] for row in content["images"] if "/" in row["file_name"]]
    except ValueError as error:
        raise InputError(f"{path} is no JSON ({error}): copy or unpack it again") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is no captions file of COCO ({error!r}): give one such as {YEARS[0]}"
        ) from error
    if outside:
        raise InputError(f"{path}: file_name {outside[0]!r} is no bare name: leave the folder out")
    return images, captions
