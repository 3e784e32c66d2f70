"""``data=folder``: any folder of pictures with captions in ``metadata.jsonl`` or ``.csv``."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from data.images import open_picture
from data.task import Task
from pti.errors import InputError

Row = dict[str, Any]
"""What the metadata says of one picture."""


@dataclass(frozen=True)
class Folder(Sequence[Task]):
    """Hugging Face's imagefolder layout: ``file_name``, ``text`` and, optionally, ``target``.

    Raises ``InputError`` where the folder, its metadata or a row's ``file_name`` is missing.
    """

    path: str

    @cached_property
    def rows(self) -> list[Row]:
        """The metadata, in the file's order."""
        folder = Path(self.path)
        if not folder.is_dir():
            raise InputError(f"data.path={self.path} is no folder: give one that holds pictures")
        found = [folder / name for name in ("metadata.jsonl", "metadata.csv")]
        metadata = next((file for file in found if file.is_file()), None)
        if metadata is None:
            raise InputError(
                f"{folder} has neither metadata.jsonl nor metadata.csv: write one with a row a "
                'picture, such as {"file_name": "car.png", "text": "a red car"}'
            )
        rows = _read_jsonl(metadata) if metadata.suffix == ".jsonl" else _read_csv(metadata)
        if not rows:
            raise InputError(f"{metadata} lists no picture: write a row for each")
        for number, row in enumerate(rows, start=1):
            _check(row, f"{metadata}, row {number}", folder)
        return rows

    def __len__(self) -> int:
        """Rows of the metadata."""
        return len(self.rows)

    def __getitem__(self, index: int) -> Task:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Row ``index``."""
        row = self.rows[index]
        name = str(row["file_name"])
        return Task(
            key=name.replace("/", "__").replace("\\", "__"),
            caption=row.get("text") or None,
            target=row.get("target") or None,
            open=partial(open_picture, Path(self.path) / name),
        )


def _check(row: Row, where: str, folder: Path) -> None:
    for field in ("file_name", "text", "target"):
        if not isinstance(row.get(field, ""), str | None):
            raise InputError(f"{where}: {field} is no text but {row[field]!r}: put it in quotes")
    if not row.get("file_name"):
        raise InputError(f"{where}: file_name is missing")
    if not (folder / str(row["file_name"])).resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{where}: {row['file_name']} lies outside {folder}: copy it there")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not in UTF-8 ({error}): save it so") from error


def _read_jsonl(path: Path) -> list[Row]:
    rows: list[Row] = []
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}, line {number}, is no JSON ({error}): correct it") from error
        if not isinstance(row, dict):
            raise InputError(f"{path}, line {number}, is no JSON object: write {{...}}")
        rows.append(row)
    return rows


def _read_csv(path: Path) -> list[Row]:
    return list(csv.DictReader(_text(path).splitlines(keepends=True)))
