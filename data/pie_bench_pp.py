"""``data=pie_bench_pp``: PIE-Bench++, the same pictures with several edits each, as parquet."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from data.images import open_bytes
from data.metadata import check_name
from data.pie_item import PieItem, PieItems, PiePicture, text_of
from pti.errors import InputError

REPOSITORY = "UB-CVML-Group/PIE_Bench_pp"

TEXTS = ("id", "source_prompt", "target_prompt", "blended_words", "mask")
"""The columns that are read besides ``image``; further columns are not."""

MADE = {"1": "artificial", "2": "natural"}
SUBJECTS = {"1": "animal", "2": "human", "3": "indoor", "4": "outdoor"}
"""What the second and third digit of an id say, where its type is not random."""


@dataclass(frozen=True)
class PieBenchPp(PieItems):
    """``root`` holds a folder a type, such as ``1_change_object_80``, with its parquet files.

    Raises ``InputError`` where there is no such file, or one can't be read.
    """

    @property
    def source(self) -> Path:
        """The folder."""
        return Path(self.root)

    def read(self) -> list[PieItem]:
        """All items: by type, and within one in the order of its files."""
        files = sorted(Path(self.root).glob("[0-9]_*/*.parquet"))
        if not files:
            raise InputError(
                f"{self.root} has no parquet files such as 0_random_140/V1-00000-of-00001.parquet: "
                f"python -m data.fetch pie_bench_pp root={self.root} gets them"
            )
        return [item for file in files for item in _items(file)]

    def hub(self) -> tuple[str, Path]:
        """Where its files are, and where they belong."""
        return REPOSITORY, Path(self.root)


@dataclass(frozen=True)
class PictureInParquet:
    """A picture in row ``row`` of a parquet file; ``name`` names both in messages."""

    file: Path
    row: int
    name: str

    def __call__(self) -> Image.Image:
        """Open it with ``open_bytes``."""
        return open_bytes(self.content(), self.name)

    def content(self) -> bytes:
        """The bytes of the picture; raises ``InputError`` where the row has none."""
        picture = _pictures(*_state(self.file))[self.row].as_py()
        if not isinstance(picture, dict) or not picture.get("bytes"):
            raise InputError(f"{self.name} has no bytes of a picture: {_again(self.file)}")
        return picture["bytes"]

    def identity(self) -> str:
        """The sha256 of the bytes."""
        return _digest(self, *_state(self.file))


def _state(file: Path) -> tuple[Path, int, int]:
    """What is kept of a file is good as long as this is the same."""
    try:
        about = file.stat()
    except OSError as error:
        raise _unreadable(file, error) from error
    return file, about.st_size, about.st_mtime_ns


@lru_cache(maxsize=1)
def _pictures(file: Path, size: int, changed: int) -> Any:
    """The pictures of one file, about 10 MB: items of a type stand together."""
    del size, changed
    return _table(file, ["image"]).column("image")


@cache
def _digest(picture: PictureInParquet, file: Path, size: int, changed: int) -> str:
    """Once per process while the file is the same."""
    del file, size, changed
    return sha256(picture.content()).hexdigest()


def _table(file: Path, columns: list[str]) -> Any:
    """Columns of a file; raises ``InputError`` where it is not one of PIE-Bench++."""
    try:
        with pq.ParquetFile(file) as parquet:
            there = parquet.schema_arrow.names
            lacking = [name for name in (*TEXTS, "image") if name not in there]
            if lacking:
                raise InputError(
                    f"{file} has no column {', '.join(lacking)}, as PIE-Bench++ has: {_again(file)}"
                )
            return parquet.read(columns)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> InputError:
    reason = str(error).partition("\n")[0]
    return InputError(f"{file} can't be read as parquet ({reason}): {_again(file)}")


def _again(file: Path) -> str:
    return f"delete it, and python -m data.fetch pie_bench_pp root={file.parents[1]} gets it again"


def _items(file: Path) -> Iterator[PieItem]:
    """The items of a file; raises ``InputError`` where one can't be."""
    for row, fields in enumerate(_table(file, list(TEXTS)).to_pylist()):
        where = f"{file}, row {row + 1}"
        number = text_of(fields["id"], "id", where)
        check_name(number, "id", where, _again(file))
        where = f"{file}, id {number}"
        source, target, blended, mask = (text_of(fields[name], name, where) for name in TEXTS[1:])
        kind = file.parent.name[0]
        yield PieItem(
            name=f"{file.parent.name}/{number}",
            where=where,
            type=kind,
            tags=_tags(kind, number),
            original=source,
            editing=target,
            blended=tuple(_pairs(blended, where)),
            runs=tuple(map(_number, mask.split())),
            open=PiePicture(PictureInParquet(file, row, where), where),
        )


def _tags(kind: str, number: str) -> tuple[str, ...]:
    """Who made the picture and what it shows, of ids such as 111000000000; none at random."""
    if kind == "0" or not re.fullmatch(f"{kind}[12][1-4][0-9]+", number):
        return ()
    return MADE[number[1]], SUBJECTS[number[2]]


def _number(word: str) -> Any:
    """A whole number; any other word as it is, which opening the mask tells."""
    return int(word) if re.fullmatch("-?[0-9]{1,18}", word) else word


def _pairs(text: str, where: str) -> Iterator[tuple[str, str]]:
    """The pairs of ``["dog,cat"]``; a side that is missing is empty."""
    try:
        pairs = json.loads(text) if text.strip() else []
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: blended_words is not JSON but {text!r}: correct it") from error
    if not isinstance(pairs, list) or not all(isinstance(pair, str) for pair in pairs):
        raise InputError(f"{where}: blended_words is not a list of texts but {text!r}: correct it")
    for pair in pairs:
        old, _, new = pair.partition(",")
        yield old.strip(), new.strip()
