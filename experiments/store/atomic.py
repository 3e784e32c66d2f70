"""Atomic writing of files, and files of JSON lines that survive a killed process."""

import fcntl
import json
import math
import os
import socket
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pti.errors import InputError

NOT_FINITE = "not finite"
"""The key under which a JSON object lists its fields that are null for "inf", "-inf" or "nan"."""


class WriteError(OSError):
    """A file could not be written: the disk is full, or the folder is read-only."""


def write_aside(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a file beside ``path``, flush it to the disk, and rename it to ``path``.

    Raises ``WriteError`` where the system refuses any of these.
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
    # Machines that share a folder may use the same process number, hence the host's name. The
    # hash keeps the name short for a ``path`` of any length.
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
    """Write a text file in UTF-8 atomically, as ``write_aside`` does."""
    write_aside(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def write_json(path: Path, value: object) -> None:
    """Write a JSON file with sorted keys atomically, as ``write_aside`` does."""
    write_text(path, _json(value, indent=2))


def write_lines(path: Path, values: Iterable[dict[str, Any]]) -> None:
    """Write a file of JSON lines atomically, as ``write_aside`` does."""
    write_text(path, "".join(_json(value) for value in values))


@contextmanager
def whole_folder(path: Path) -> Generator[Path]:
    """An empty folder that is moved to ``path`` at the end of the block, and never on an error.

    ``path`` must not exist, or be an empty folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".", dir=path.parent) as aside:
        folder = Path(aside) / path.name
        folder.mkdir()
        yield folder
        folder.replace(path)


def append_lines(path: Path, values: Iterable[dict[str, Any]]) -> None:
    """Append JSON lines in one write and flush them to the disk.

    An incomplete last line is cut off first. Several processes may append to one file: a lock lets
    in one at a time. Raises ``WriteError`` where the file can't be written.
    """
    lines = "".join(_json(value) for value in values).encode()
    with _telling_of(path), path.open("ab+", buffering=0) as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        whole = _whole_lines(stream)
        stream.truncate(whole)
        try:
            _write(stream.fileno(), lines)
        except OSError:
            stream.truncate(whole)
            raise
        os.fsync(stream.fileno())


def _write(file: int, data: bytes) -> None:
    """Write all of ``data``: on a disk that is nearly full, ``os.write`` may write only a part."""
    while data:
        data = data[os.write(file, data) :]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read all complete lines; a last line without a newline, left by a killed process, is dropped.

    Infinite numbers and NaN are restored, also from older files that spell them out instead of
    listing them under ``NOT_FINITE``. Raises ``InputError`` naming a complete line that is not
    JSON.
    """
    return Tail(path).new()


class Tail:
    """Reads a growing file of JSON lines, each line once."""

    def __init__(self, path: Path) -> None:
        self.path, self._told, self._lines = path, 0, 0

    def new(self) -> list[dict[str, Any]]:
        """Read the lines since the last call; raises ``InputError`` where a line is not JSON."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as stream:
            stream.seek(self._told)
            whole, newline, _torn = stream.read().rpartition(b"\n")
        lines = whole.split(b"\n") if newline else []
        start = self._lines + 1
        self._told, self._lines = self._told + len(whole + newline), self._lines + len(lines)
        return [_parse(self.path, number, line) for number, line in enumerate(lines, start)]


def _json(value: object, indent: int | None = None) -> str:
    strict = _strict(value)
    text = json.dumps(strict, indent=indent, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n"


def _strict(value: Any) -> Any:
    """Replace numbers that are not finite by null; a dictionary lists its own in ``NOT_FINITE``."""
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
    """The number of bytes up to and including the last newline."""
    end = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    return stream.read(end).rfind(b"\n") + 1
