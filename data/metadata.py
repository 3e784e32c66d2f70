"""Reads and checks the metadata of ``data=folder``."""

import csv
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from data.key import SEPARATORS, key_of
from pti.errors import InputError

COLUMNS = ("file_name", "text", "target", "words", "mask", "type")
"""Columns that are read; further columns are ignored."""

UNWRITABLE = re.compile("[\0\ud800-\udfff]")
"""NUL, and surrogates, which UTF-8 can't encode."""

CONTROL = re.compile("[\x01-\x1f\x7f-\x9f\u2028\u2029]")

Fields = dict[str, Any]
"""A row of the file before checks, by column."""


@dataclass(frozen=True)
class Row:
    """The metadata of one picture; empty texts are None."""

    file_name: str
    text: str | None
    target: str | None
    words: tuple[str, ...]
    mask: str | None = None
    type: str | None = None


def read_metadata(path: Path) -> list[Row]:
    """The rows of a ``.jsonl`` or ``.csv``, in the file's order.

    Raises ``InputError``, with file and line, where the content is ambiguous or wrong.
    """
    lines = _read_jsonl(path) if path.suffix == ".jsonl" else _read_csv(path)
    if not lines:
        raise InputError(f"{path} lists no picture: write a row for each")
    return [
        _row(fields, f"{path}, line {line}, row {number}")
        for number, (line, fields) in enumerate(lines, start=1)
    ]


def _row(fields: Fields, where: str) -> Row:
    name = _file(fields, "file_name", where)
    if not name:
        raise InputError(f"{where}: file_name is missing")
    text, target = _text(fields, "text", where), _text(fields, "target", where)
    words, mask = _words(fields.get("words"), where), _file(fields, "mask", where)
    return Row(name, text, target, words, mask, _text(fields, "type", where))


def _file(fields: Fields, column: str, where: str) -> str | None:
    """The name of a file within the folder; None where there is none."""
    name = _text(fields, column, where)
    if not name or not key_of(name):
        return None
    check_name(name, column, where)
    return name


def check_name(name: str, column: str, where: str, cure: str = "") -> None:
    """Raise ``InputError`` where a file's name is empty, leads out of its folder or has controls.

    ``cure`` says what to do, where that is not to mend the name.
    """
    if not key_of(name):
        raise InputError(f"{where}: {column} is empty ({name!r}): {cure or 'name the file'}")
    first, *rest = SEPARATORS.split(name)
    if first == "" or re.fullmatch("[A-Za-z]:", first) or ".." in (first, *rest):
        copy = "copy the picture there, and give its name from there without '..'"
        raise InputError(f"{where}: {column} {name!r} lies outside the folder: {cure or copy}")
    if CONTROL.search(name):
        rename = cure or "rename the file"
        raise InputError(f"{where}: {column} {name!r} has a control character: {rename}")


def _text(fields: Fields, name: str, where: str) -> str | None:
    value = fields.get(name)
    if not isinstance(value, str | None):
        raise InputError(f"{where}: {name} is not a text but {value!r}: put it in quotes")
    check_characters(value or "", f"{where}: {name}")
    return value if value and value.strip() else None


def _words(value: Any, where: str) -> tuple[str, ...]:
    """The phrases of a list, or of a text that separates them with commas."""
    phrases = (value or "").split(",") if isinstance(value, str | None) else value
    if not isinstance(phrases, list) or not all(isinstance(phrase, str) for phrase in phrases):
        raise InputError(
            f"{where}: words is neither a text nor a list of texts but {value!r}: write the "
            'phrases of the target such as "blue star, snow"'
        )
    check_characters("".join(phrases), f"{where}: words")
    return tuple(phrase.strip() for phrase in phrases if phrase.strip())


def check_characters(text: str, what: str) -> None:
    """Raise ``InputError``, which names ``what``, for characters that no file of results takes."""
    bad = UNWRITABLE.search(text)
    if bad:
        raise InputError(f"{what} has {bad[0]!r}, which is not a character of text: leave it out")


def _check_columns(path: Path, columns: Collection[str]) -> None:
    near = [name for name in columns if name not in COLUMNS and name.strip().lower() in COLUMNS]
    if near or not {"file_name", "text"} <= set(columns):
        raise InputError(
            f"{path} has the columns {', '.join(map(repr, columns))}: expected are file_name, text "
            "and, to edit, target, spelt so (in CSV with a comma and no space between them)"
        )


def _content(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            content = file.read()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not in UTF-8 ({error}): save it so") from error
    before, nul, _ = content.partition("\0")
    if nul:
        line = len(list(StringIO(before, newline="")))
        raise InputError(f"{path}, line {line}, has a NUL byte: save the file as text in UTF-8")
    return content


def _read_jsonl(path: Path) -> list[tuple[int, Fields]]:
    """Each row with its line number."""
    rows: list[tuple[int, Fields]] = []
    for number, line in enumerate(StringIO(_content(path), newline=""), start=1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line, object_pairs_hook=_object)
        except (ValueError, RecursionError) as error:
            raise _not_an_object(path, number, str(error)) from error
        if not isinstance(fields, dict):
            raise _not_an_object(path, number, f"it is a {type(fields).__name__}")
        rows.append((number, fields))
    if rows:
        _check_columns(path, dict.fromkeys(name for _, fields in rows for name in fields))
    return rows


def _object(pairs: list[tuple[str, Any]]) -> Fields:
    twice = _repeated([name for name, _ in pairs])
    if twice is not None:
        raise ValueError(f"{twice!r} is there twice")
    return dict(pairs)


def _not_an_object(path: Path, line: int, reason: str) -> InputError:
    return InputError(
        f"{path}, line {line}, is not a JSON object ({reason}): write one {{...}} a line, without "
        "commas between the lines or brackets around them"
    )


def _read_csv(path: Path) -> list[tuple[int, Fields]]:
    """Each row with the number of the line in which it begins."""
    lines = _csv_lines(path)
    _, header, _ = next(lines, (0, None, None))
    if header is None:
        return []
    _check_header(path, header)
    rows: list[tuple[int, Fields]] = []
    for number, (line, values, spaced) in enumerate(lines, start=1):
        where = f"{path}, line {line}, row {number}"
        if len(values) != len(header):
            raise InputError(
                f"{where} has {len(values)} fields, the header {len(header)}: quote texts that "
                "contain commas, and leave a field empty rather than out"
            )
        if spaced is not None:  # an unquoted text with a comma may give the right number of fields
            raise InputError(
                f"{where} has a space before {spaced.lstrip()!r}: quote texts that contain commas, "
                "and write no space after the comma between two fields"
            )
        for name, value in zip(header, values, strict=True):
            if not name and value and not value.isdigit():
                raise InputError(
                    f"{where} has {value!r} in a column without a name: quote texts that contain "
                    "commas, or name the column"
                )
        rows.append((line, dict(zip(header, values, strict=True))))
    return rows


def _check_header(path: Path, header: list[str]) -> None:
    twice = _repeated([name for name in header if name])  # row numbers have no name
    if twice is not None:
        raise InputError(f"{path} has two columns {twice!r}: keep one of them")
    _check_columns(path, header)


def _csv_lines(path: Path) -> Iterator[tuple[int, list[str], str | None]]:
    """Each row that is not blank: line number, fields, and a field after a space, if any."""
    content = _content(path)
    reader = csv.reader(StringIO(content, newline=""), strict=True)
    # The two readers differ in fields that begin with a space outside quotes.
    trimmed = csv.reader(StringIO(content, newline=""), skipinitialspace=True)
    line = 1
    try:
        for values, others in zip(reader, trimmed, strict=False):
            if "".join(values).strip() or len(values) > 1:
                pairs = zip(values, others, strict=False)
                yield line, values, next((value for value, other in pairs if value != other), None)
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{path}, line {line}: the row that begins here can't be read beyond line "
            f"{reader.line_num} ({error}): close the quote that it opens, and write each quote "
            "within a quoted text twice"
        ) from error


def _repeated(names: list[str]) -> str | None:
    return next((name for name, times in Counter(names).items() if times > 1), None)
