"""``data=folder``: any folder of pictures with captions in ``metadata.jsonl`` or ``.csv``."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from data.images import open_picture
from data.task import Task
from pti.errors import InputError

Row = dict[str, str | None]


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
            if not row.get("file_name"):
                raise InputError(f"{metadata}, row {number}: file_name is missing")
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


def _read_jsonl(path: Path) -> list[Row]:
    rows: list[Row] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
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
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
