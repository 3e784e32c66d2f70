"""``method=imported``: pictures that other code made of a data set's items, from a folder.

A picture belongs to the item that it is named after: by its key, by the key without the ending of
the item's own picture, or by either with folders in the place of ``__``. It may lie below
``annotation_images/``, where PnPInversion's scripts leave theirs.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PIL import Image

from data.key import key_of
from data.opener import PictureFile
from data.progress import bar
from data.task import Benchmark, Task
from pti.errors import InputError

ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
THEIRS = "annotation_images"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Imported:
    """Takes pictures in the folder ``path`` as the results."""

    name: str
    path: str
    label: str = ""

    def __call__(self, task: Task) -> Image.Image:
        """The picture of a task that ``found`` gave; of a strip, the last square."""
        assert task.imported is not None
        return last_square(task.imported())

    def found(self, source: Benchmark, tasks: Sequence[Task]) -> list[Task]:
        """The tasks, each with its picture; ``source`` is the whole data set that they are of.

        Raises ``InputError`` where a task has no picture or several.
        """
        owners = _owners(task.key for task in source)
        pictures: defaultdict[str, list[Path]] = defaultdict(list)
        strangers: list[Path] = []
        for path in self._pictures():
            owner = owners.get(self._key(path))
            (strangers if owner is None else pictures[owner]).append(path)
        if missing := [task.key for task in tasks if task.key not in pictures]:
            names = [name for name, owner in owners.items() if owner == missing[0]]
            raise self._lacks(missing, len(tasks), names, strangers)
        for task in tasks:
            first, *more = pictures[task.key]
            if more:
                raise InputError(
                    f"{first} and {more[0]} are both the picture of {task.key}: keep one of them"
                )
        if strangers:
            log.warning(
                "%s has %s to no item of the data set, such as %s",
                self.path,
                _that_belong(len(strangers)),
                strangers[0],
            )
        return [
            replace(task, imported=PictureFile(partial(Path, pictures[task.key][0])))
            for task in tasks
        ]

    def check(self, tasks: Sequence[Task], side: int) -> None:
        """Raise ``InputError`` where a picture can't be read or is not of the model's ``side``."""
        for task in bar(tasks, desc="check", unit="picture", leave=False):
            assert isinstance(task.imported, PictureFile)
            picture = task.imported()
            if last_square(picture).size != (side, side):
                width, height = picture.size
                raise InputError(
                    f"{task.imported.locate()} has {width} by {height} pixels and the model's "
                    f"pictures have {side} by {side}: resize it yourself, as that changes scores"
                )

    def _pictures(self) -> list[Path]:
        folder = Path(self.path)
        if not folder.is_dir():
            raise InputError(
                f"method.path={self.path} is not a folder: give the one that holds the pictures"
            )
        return sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)

    def _key(self, path: Path) -> str:
        within = path.relative_to(self.path)
        within = within.relative_to(THEIRS) if within.parts[0] == THEIRS else within
        return key_of(within.with_suffix("").as_posix())

    def _lacks(
        self, missing: list[str], of: int, names: list[str], strangers: list[Path]
    ) -> InputError:
        """The error for ``missing`` items, of the first of which ``names`` were looked for."""
        places = dict.fromkeys([*names, *(name.replace("__", "/") for name in names)])
        also = (
            f", and has {_that_belong(len(strangers))} to no item, such as {strangers[0]}"
            if strangers
            else ""
        )
        return InputError(
            f"method.path={self.path} lacks the pictures of {len(missing)} of {of} items, such as "
            f"{missing[0]} (looked for {' or '.join(places)}, as {', '.join(ENDINGS)}){also}: name "
            "each picture after its item"
        )


def _that_belong(number: int) -> str:
    return "1 picture that belongs" if number == 1 else f"{number} pictures that belong"


def last_square(picture: Image.Image) -> Image.Image:
    """The last of the square panels of a strip; any other picture as it is."""
    width, height = picture.size
    if width > height and width % height == 0:
        return picture.crop((width - height, 0, width, height))
    return picture


def _owners(keys: Iterable[str]) -> dict[str, str]:
    """The item's key by each name that its picture may have; no name has two owners."""
    whole = {key: key for key in keys}
    short: dict[str, list[str]] = {}
    for key in whole:
        if Path(key).suffix.lower() in ENDINGS:
            short.setdefault(Path(key).stem, []).append(key)
    return {name: owners[0] for name, owners in short.items() if len(owners) == 1} | whole
