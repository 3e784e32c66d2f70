"""Writing so that a file is whole or absent, and JSON lines that survive a kill."""

import fcntl
import json
import math
import os
import socket
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from pti.errors import InputError

NOT_FINITE = "not finite"
"""Under which an object says which of its nulls are numbers that JSON lacks: inf, -inf or nan."""


class WriteError(OSError):
    """A file could not be written: the disk is full, or the folder may only be read."""


def write_aside(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a file beside ``path``, flush it to the disk, and rename it into place.

    Raises ``WriteError`` where that can't be done.
    """
    with _telling_of(path):
        _write_aside(path, write)


@contextmanager
def _telling_of(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise WriteError(error.errno, error.strerror, error.filename or str(path)) from error


def _write_aside(path: Path, write: Callable[[Path], object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Several machines may share a folder, and process numbers; of one length, for any file.
    maker = f"{socket.gethostname()}/{os.getpid()}/{path.name}"
    aside = path.with_name(f".{sha256(maker.encode()).hexdigest()[:16]}{path.suffix}")
    try:
        write(aside)
        with aside.open("rb") as written:
            os.fsync(written.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a whole text file."""
    write_aside(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def write_json(path: Path, value: object) -> None:
    """Write a whole JSON file, with sorted keys."""
    write_text(path, _json(value, indent=2))


def write_lines(path: Path, values: Iterable[dict[str, Any]]) -> None:
    """Write a whole file of JSON lines."""
    write_text(path, "".join(_json(value) for value in values))


def append_lines(path: Path, values: Iterable[dict[str, Any]]) -> None:
    """Append JSON lines in one write and flush them to the disk.

    A torn last line is cut off first. Several processes may append to one file: each waits for its
    turn. Raises ``WriteError`` where that can't be done.
    """
    lines = "".join(_json(value) for value in values).encode()
    with _telling_of(path), path.open("ab+", buffering=0) as stream:
        fcntl.lockf(stream, fcntl.LOCK_EX)
        whole = _whole_lines(stream)
        stream.truncate(whole)
        try:
            _write(stream.fileno(), lines)
        except OSError:
            stream.truncate(whole)
            raise
        os.fsync(stream.fileno())


def _write(file: int, data: bytes) -> None:
    """All of it: on a disk that is filling up, the system may take a part before it refuses."""
    while data:
        data = data[os.write(file, data) :]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Every whole line; a last line without its newline was torn by a kill and is dropped.

    Numbers come back as they were written: infinite ones too, and NaN, also of files that were
    written before these stood under ``NOT_FINITE``. Raises ``InputError`` naming the line where a
    whole line is no JSON.
    """
    return Tail(path).new()


class Tail:
    """The lines of a file that grows, each told once."""

    def __init__(self, path: Path) -> None:
        self._path, self._told, self._lines = path, 0, 0

    def new(self) -> list[dict[str, Any]]:
        """The whole lines that were not told yet; raises ``InputError`` where one is no JSON."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as stream:
            stream.seek(self._told)
            whole, newline, _torn = stream.read().rpartition(b"\n")
        lines = whole.split(b"\n") if newline else []
        start = self._lines + 1
        self._told, self._lines = self._told + len(whole + newline), self._lines + len(lines)
        return [_parse(self._path, number, line) for number, line in enumerate(lines, start)]


def _json(value: object, indent: int | None = None) -> str:
    strict = _strict(value)
    text = json.dumps(strict, indent=indent, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n"


def _strict(value: Any) -> Any:
    """What JSON has: null for a number that is not finite, with a word on it beside it."""
    if isinstance(value, list | tuple):
        return [_strict(one) for one in value]
    if not isinstance(value, dict):
        return None if _is_not_finite(value) else value
    odd = {key: str(float(one)) for key, one in value.items() if _is_not_finite(one)}
    return {key: _strict(one) for key, one in value.items()} | ({NOT_FINITE: odd} if odd else {})


def _is_not_finite(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _restored(read: dict[str, Any]) -> dict[str, Any]:
    return read | {key: float(said) for key, said in read.pop(NOT_FINITE, {}).items()}


def _parse(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        return json.loads(line, object_hook=_restored)
    except ValueError as error:
        raise InputError(
            f"{path}, line {number}, is damaged: delete that line and run the same command again"
        ) from error


def _whole_lines(stream: Any) -> int:
    """Bytes up to the last newline."""
    end = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    return stream.read(end).rfind(b"\n") + 1
