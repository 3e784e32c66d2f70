"""``data=pie_bench``: the 700 edits of PIE-Bench, of ten types, with masks (arXiv:2310.01506)."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from data.metadata import check_name
from data.opener import PictureFile
from data.pie_item import TYPES, PieItem, PieItems, PiePicture, text_of
from pti.errors import InputError

FIELDS = (
    "image_path",
    "original_prompt",
    "editing_prompt",
    "editing_type_id",
    "blended_word",
    "mask",
)
"""What is read of an item; the instruction is not."""


@dataclass(frozen=True)
class PieBench(PieItems):
    """``root`` holds ``mapping_file.json``, and the pictures in ``annotation_images/``.

    Raises ``InputError`` where the mapping file is missing or is not PIE-Bench's.
    """

    @property
    def source(self) -> Path:
        """The mapping file."""
        return Path(self.root) / "mapping_file.json"

    def read(self) -> list[PieItem]:
        """The items of the mapping file, in its order."""
        return [
            _item(self.source, number, fields, Path(self.root) / "annotation_images")
            for number, fields in _mapping(self.source).items()
        ]


def _mapping(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise InputError(
            f"{file} can't be found: data.root=DIR holds PIE-Bench's mapping_file.json and "
            "annotation_images/, which its authors give out by the form in the README of "
            "cure-lab/PnPInversion"
        )
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is not JSON ({error}): copy or unpack it again") from error
    if not isinstance(content, dict) or not content:
        raise InputError(
            f"{file} does not hold items by their ids: give PIE-Bench's own mapping_file.json"
        )
    return content


def _item(file: Path, number: str, fields: Any, folder: Path) -> PieItem:
    """An item of the mapping file; raises ``InputError`` where a field can't be."""
    where = f"{file}, item {number}"
    given = fields if isinstance(fields, dict) else {}
    lacking = [name for name in FIELDS if name not in given]
    if lacking:
        raise InputError(
            f"{where}, lacks {', '.join(lacking)}: give PIE-Bench's own mapping_file.json, not "
            "that of another benchmark"
        )
    path = text_of(given["image_path"], "image_path", where)
    for name in (path, PurePosixPath(path).stem):  # the key is that of the path without its suffix
        check_name(name, "image_path", where)
    kind = str(given["editing_type_id"])
    if kind not in TYPES:
        raise InputError(f"{where}: editing_type_id is {kind!r}, and not 0 to 9: correct it")
    if not isinstance(given["mask"], list):
        raise InputError(f"{where}: mask is not a list of runs but {given['mask']!r}: correct it")
    return PieItem(
        name=str(PurePosixPath(path).with_suffix("")),
        where=where,
        type=kind,
        # The folders between those of the type and the picture, such as 1_artificial/1_animal.
        tags=tuple(part.partition("_")[2] for part in PurePosixPath(path).parts[1:-1]),
        original=text_of(given["original_prompt"], "original_prompt", where),
        editing=text_of(given["editing_prompt"], "editing_prompt", where),
        blended=_blended(text_of(given["blended_word"], "blended_word", where), where),
        runs=tuple(given["mask"]),
        open=PiePicture(PictureFile(partial(Path, folder, path)), str(folder / path)),
    )


def _blended(words: str, where: str) -> tuple[tuple[str, str], ...]:
    """The word of the picture and that of the edit; words beyond these two are not used."""
    parts = words.split()
    if len(parts) == 1:
        raise InputError(
            f"{where}: blended_word is {words!r}, where it has two words, of the picture and of "
            "the edit, or none: correct it"
        )
    return ((parts[0], parts[1]),) if parts else ()
