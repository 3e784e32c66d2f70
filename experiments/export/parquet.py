"""``to=parquet``: all rows in one file, with the pictures in it."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from experiments.export.rows import TEXTS, Row, metrics_of, rows_of, said_of
from experiments.store.result_set import ResultSet

FILE = "results.parquet"
PICTURES = ("image", "input")
TOGETHER = 50
"""Rows that are written at a time, and that a reader must hold."""


def write_parquet(result_set: ResultSet, folder: Path, out: Path) -> str:
    """Write the file into ``folder``, which will be ``out``; returns what to say."""
    schema, rows, written = _schema(metrics_of(result_set)), _rows(result_set), 0
    with ParquetWriter(folder / FILE, schema) as writer:
        while some := list(islice(rows, TOGETHER)):
            writer.write_table(pa.Table.from_pylist(some, schema))
            written += len(some)
    return said_of(written, "picture", result_set, out / FILE)


def _rows(result_set: ResultSet) -> Iterator[Row]:
    for cell, row in rows_of(result_set):
        files = cell.image(row["key"]), cell.input(row["key"])
        names = row.pop("file_name"), row.pop("input_file_name")
        pairs = zip(PICTURES, files, names, strict=True)
        yield row | {
            column: {"bytes": file.read_bytes(), "path": name} for column, file, name in pairs
        }


def _schema(metrics: list[str]) -> Any:
    picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    numbers = ("unet_forwards", "unet_backwards", *metrics)
    kinds = {
        **dict.fromkeys(PICTURES, picture),
        **dict.fromkeys(TEXTS, pa.string()),
        "tags": pa.list_(pa.string()),
        "seed": pa.int64(),
        **dict.fromkeys(numbers, pa.float64()),
    }
    # By this, Hugging Face's datasets, and viewers built on it, know the pictures as such.
    features = {"info": {"features": {name: {"_type": "Image"} for name in PICTURES}}}
    return pa.schema(list(kinds.items()), {"huggingface": json.dumps(features)})
