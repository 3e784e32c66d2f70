"""Shows what the cache holds, or deletes what no run can read any more.

    python -m experiments.cache ls [cache=cache]
    python -m experiments.cache prune [cache=cache]

The cache has trajectories, inversions and pieces of edits, which methods and settings share, and
what scoring has read of inputs and of real pictures.
``prune`` deletes the entries of code that has changed since, and what no entry names; results are
not touched. Prune while no run of different code is at work. To delete everything, delete the
folder.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.command_line import closest
from data.progress import bar
from experiments.jobs.command_line import options_of
from experiments.run.cache import is_readable
from experiments.score.readings import ABOUT
from experiments.store.entries import CLASS_MEANS, ENTRIES, READINGS, RESERVED, TENSORS
from experiments.store.locks import reserved_whole
from experiments.table import Entry, Table, console
from pti.errors import InputError

OF_SCORING = {"class means": f"{CLASS_MEANS}/*.npy", "readings of inputs": f"{READINGS}/*/*.npy"}
"""Files that scoring keeps, by what they are."""

UNNAMED = "tensors that no entry names"


@dataclass(frozen=True)
class Held:
    """An entry of the cache: its file, its kind, its tensors, and whether a run can read it."""

    path: Path
    kind: str
    tensors: frozenset[str]
    readable: bool


def held(folder: Path) -> Iterator[Held]:
    """All entries; one whose file is damaged can't be read."""
    paths = sorted((folder / ENTRIES).glob("*/[0-9a-f]*.json"))
    for path in bar(paths, desc="read the cache", unit="entry", leave=False):
        try:
            entry: dict[str, Any] = json.loads(path.read_text("utf-8"))
            about, tensors = entry["about"], frozenset(entry["tensors"].values())
            yield Held(path, _kind(about), tensors, is_readable(about))
        except (ValueError, KeyError):
            yield Held(path, "damaged", frozenset(), readable=False)


def _kind(about: dict[str, Any]) -> str:
    if "piece" in about:
        return f"of edits: {about['piece']['name']}"
    what = ", reconstruction" if about["what"] == "reconstruction" else ""
    return about["method"]["class"] + what


def tensors_in(folder: Path) -> list[Path]:
    """The file of each tensor; the name is the sha256 of its content."""
    return list((folder / TENSORS).glob("*/[0-9a-f]*.safetensors"))


def show(folder: Path) -> str:
    """A table of what there is; a tensor of several kinds counts for the first."""
    left = {path.stem: path.stat().st_size for path in tensors_in(folder)}
    counts, sizes = Counter[str](), Counter[str]()
    unread = 0
    for one in held(folder):
        counts[one.kind] += 1
        sizes[one.kind] += sum(left.pop(name, 0) for name in one.tensors)
        unread += not one.readable
    for kind, files in OF_SCORING.items():
        of_kind = [path.stat().st_size for path in folder.glob(files)]
        counts[kind], sizes[kind] = len(of_kind), sum(of_kind)
    counts[UNNAMED], sizes[UNNAMED] = len(left), sum(left.values())
    rows = [(Entry(kind), Entry(str(counts[kind])), Entry(_size(sizes[kind]))) for kind in counts]
    stale = f"{unread} entries are of code that has changed: prune deletes them."
    header = ("what", "number", "size")
    caption = f"{folder}: {_size(sizes.total())}"
    return console(Table(caption, header, tuple(rows), 1, (stale,) if unread else ()))


def stale_readings(folder: Path) -> list[Path]:
    """The files of readings that code of before has made."""
    abouts = (folder / READINGS).glob(f"*/{ABOUT}")
    stale = [path for path in abouts if not is_readable(json.loads(path.read_text("utf-8")))]
    return [file for about in stale for file in about.parent.iterdir()]


def prune(folder: Path) -> str:
    """Delete what no run can read; raises ``InputError`` while a run is at work in the cache."""
    with reserved_whole(folder / RESERVED) as free:
        if not free:
            raise InputError(f"a run is at work in {folder}: prune it once that has ended")
        entries = list(held(folder))
        named = frozenset[str]().union(*(one.tensors for one in entries if one.readable))
        stale = [one.path for one in entries if not one.readable]
        unnamed = [path for path in tensors_in(folder) if path.stem not in named]
        unfinished = list(folder.glob("*/*/.*"))  # left by killed processes
        files = [*stale, *unnamed, *stale_readings(folder), *unfinished]
        freed = sum(path.stat().st_size for path in files)
        for path in files:
            path.unlink()
    return f"{len(files)} files deleted, {_size(freed)}."


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


ACTIONS = {"ls": show, "prune": prune}


def main() -> None:
    """Do what the first word says."""
    action, *words = sys.argv[1:] or ["ls"]
    if action not in ACTIONS:
        known = " or ".join(ACTIONS)
        raise InputError(f"{action!r} is not an action.{closest(action, ACTIONS)} Say {known}")
    folder = Path(options_of(words, ("cache",)).get("cache", "cache"))
    if not folder.is_dir():
        raise InputError(
            f"there is no cache in {folder}: a run makes it, or name it with cache=..."
        )
    print(ACTIONS[action](folder))  # noqa: T201
