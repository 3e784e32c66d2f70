"""Openers of pictures, and identities, by which caches recognise a picture."""

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
    """An opener that can identify its picture without opening it."""

    def identity(self) -> str:
        """A text that changes whenever the picture does."""
        ...


@dataclass(frozen=True)
class PictureFile:
    """A picture in a file; ``locate`` gives its path and may raise ``InputError``."""

    locate: Callable[[], Path]

    def __call__(self) -> Image.Image:
        """Open the picture with ``open_picture``."""
        return open_picture(self.locate())

    def identity(self) -> str:
        """The sha256 of the file; raises ``OSError`` where it can't be read."""
        path = self.locate()
        about = path.stat()
        return _sha256(path, about.st_size, about.st_mtime_ns)

    def is_jpeg(self) -> bool:
        """Whether the file is a JPEG by its content, whatever its name."""
        with Image.open(self.locate()) as picture:
            return picture.format == "JPEG"


@cache
def _sha256(path: Path, size: int, changed: int) -> str:
    """The sha256 of a file; it is computed once per process while size and time are the same."""
    del size, changed
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def identity_of(opener: Opener) -> str:
    """The identity of a picture: the one that its opener gives, or the sha256 of its pixels."""
    if isinstance(opener, Known):
        return opener.identity()
    picture = opener()
    about = f"{picture.mode} {picture.size} ".encode()
    return sha256(about + picture.tobytes()).hexdigest()
