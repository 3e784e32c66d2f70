"""``data=folder``: any folder of pictures with captions in ``metadata.jsonl`` or ``.csv``."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial, reduce
from pathlib import Path, PurePath
from unicodedata import normalize

from data.key import check_keys, key_of
from data.masks import MaskAsRegion, MaskFile
from data.metadata import Row, read_metadata
from data.opener import PictureFile
from data.task import Task
from pti.errors import InputError

NAME_MAX = 255
"""Bytes that a file name may have."""


@dataclass(frozen=True)
class Folder(Sequence[Task]):
    """Hugging Face's imagefolder layout: ``file_name``, ``text`` and, optionally, ``target``.

    ``words`` may list the phrases of the target that describe the edit, and ``type`` say what kind
    of edit it is, which becomes a tag of the item. ``mask`` may name a picture that is white where
    the edit is free; it is also the region inside and outside which edits are measured. Raises
    ``InputError`` where the folder or its metadata are missing or the metadata are wrong.
    """

    path: str

    @cached_property
    def rows(self) -> list[Row]:
        """The metadata, in the file's order."""
        folder = Path(self.path)
        if not folder.is_dir():
            raise InputError(f"data.path={self.path} is no folder: give one that holds pictures")
        metadata = [folder / name for name in ("metadata.jsonl", "metadata.csv")]
        there = [file for file in metadata if file.is_file()]
        if not there:
            raise InputError(
                f"{folder} has neither metadata.jsonl nor metadata.csv: write one with a row a "
                'picture, such as {"file_name": "car.png", "text": "a red car"}'
            )
        if len(there) > 1:
            raise InputError(f"{there[0]} and {there[1].name} are both there: keep one of them")
        rows = read_metadata(there[0])
        check_keys(there[0], [(row.file_name, key_of(row.file_name)) for row in rows])
        return rows

    def __len__(self) -> int:
        """The number of rows of the metadata."""
        return len(self.rows)

    def __getitem__(self, index: int) -> Task:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The item of row ``index``."""
        row, folder = self.rows[index], Path(self.path)
        task = Task(
            key=key_of(row.file_name),
            caption=row.text,
            target=row.target,
            words=row.words,
            open=PictureFile(partial(_find, folder, row.file_name)),
            mask=MaskFile(partial(_find, folder, row.mask)) if row.mask else None,
            tags=(row.type,) if row.type else (),
        )
        return replace(task, region=MaskAsRegion(task)) if task.mask else task


def _find(folder: Path, name: str) -> Path:
    return reduce(_entry, PurePath(name).parts, folder)


def _entry(folder: Path, name: str) -> Path:
    """The entry of ``folder`` with that name, in whichever normal form of Unicode it is stored.

    Raises ``InputError`` where there is none or more than one.
    """
    path = folder / name
    try:
        length = len(os.fsencode(name))
    except UnicodeEncodeError as error:
        raise InputError(f"{path}: this terminal can't name that file: set PYTHONUTF8=1") from error
    # A name may be too long for the file system in only one of the forms.
    if length <= NAME_MAX and path.exists():
        return path
    entries = folder.iterdir() if folder.is_dir() else ()
    same = [entry for entry in entries if normalize("NFC", entry.name) == normalize("NFC", name)]
    if not same:
        raise InputError(f"{path}: no such file; correct its name or put the picture there")
    if len(same) > 1:
        raise InputError(f"{path}: {len(same)} files of {folder} have this name: keep one of them")
    return same[0]
