"""What opens a picture, and by what the picture is known when it is asked for again."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Protocol, runtime_checkable

from PIL import Image

from data.images import open_picture
from data.task import Opener


@runtime_checkable
class Known(Protocol):
    """An opener that can say which picture it opens without opening it."""

    def identity(self) -> str:
        """Changes where the picture does."""
        ...


@dataclass(frozen=True)
class PictureFile:
    """A picture on the disk; ``locate`` may raise ``InputError`` for a file that is missing."""

    locate: Callable[[], Path]

    def __call__(self) -> Image.Image:
        """The picture, as ``open_picture`` gives it."""
        return open_picture(self.locate())

    def identity(self) -> str:
        """The sha256 of the file; raises ``OSError`` where it can't be read."""
        path = self.locate()
        about = path.stat()
        return _sha256(path, about.st_size, about.st_mtime_ns)


@cache
def _sha256(path: Path, size: int, changed: int) -> str:
    """Of the file as it was then; once a process, however many cells are made of the picture."""
    del size, changed
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def identity_of(opener: Opener) -> str:
    """By what a picture is known: its own identity, or the sha256 of its pixels."""
    if isinstance(opener, Known):
        return opener.identity()
    picture = opener()
    about = f"{picture.mode} {picture.size} ".encode()
    return sha256(about + picture.tobytes()).hexdigest()
