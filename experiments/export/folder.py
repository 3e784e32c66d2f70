"""``to=folder``: pictures by cell, their inputs, and a row of metadata for each.

A row is a result, and its text is the target that it was made for: ``data=folder`` reads results as
pictures to reconstruct, not the edits that made them. Its columns ``mask`` and ``type`` have the
item's region and first tag.
"""

from pathlib import Path
from shutil import copyfile

from experiments.export.rows import Row, rows_of, said_of
from experiments.store.atomic import write_lines
from experiments.store.cell import Cell
from experiments.store.formats import CONFIG, INPUTS, REGIONS
from experiments.store.result_set import ResultSet


def write_folder(result_set: ResultSet, folder: Path, out: Path) -> str:
    """Write pictures and metadata into ``folder``, which will be ``out``; returns what to say."""
    copy_settings(result_set, folder)
    rows: list[Row] = []
    for cell, row in rows_of(result_set):
        _copy(cell.image(row["key"]), folder / row["file_name"])
        _copy_what_is_shared(cell, row["key"], folder)
        rows.append(row | _columns_of_a_data_set(cell, row["key"]))
    write_lines(folder / "metadata.jsonl", rows)
    return said_of(len(rows), "picture", result_set, out)


def copy_settings(result_set: ResultSet, folder: Path) -> None:
    """Copy each cell's configuration to ``<cell>.yaml``."""
    for cell in result_set.cells:
        _copy(cell.folder / CONFIG, folder / f"{cell.folder.name}.yaml")


def _columns_of_a_data_set(cell: Cell, key: str) -> Row:
    tags = cell.records[key].tags
    return {
        "mask": f"{REGIONS}/{key}.png" if cell.region(key).is_file() else None,
        "type": tags[0] if tags else None,
    }


def _copy_what_is_shared(cell: Cell, key: str, folder: Path) -> None:
    for kind, source in ((INPUTS, cell.input(key)), (REGIONS, cell.region(key))):
        copy = folder / kind / f"{key}.png"
        if source.is_file() and not copy.exists():
            _copy(source, copy)


def _copy(source: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    copyfile(source, copy)
