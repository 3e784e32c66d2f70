"""Keys of items whose pictures are files: they name the pictures that a run writes."""

import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from unicodedata import normalize

from pti.errors import InputError

LONGEST = 200
"""Bytes of a key: ``KEY.png`` must fit into the 255 that a disk takes."""

SEPARATORS = re.compile(r"[/\\]")


def key_of(name: str) -> str:
    """``a__x.png`` of ``a/x.png``, the same in each normal form of Unicode.

    A longer name than ``LONGEST`` is cut, and its digest keeps it apart from others.
    """
    parts = [part for part in SEPARATORS.split(normalize("NFC", name)) if part not in ("", ".")]
    key = "__".join(parts)
    if len(key.encode()) <= LONGEST:
        return key
    digest = sha256("/".join(parts).encode()).hexdigest()[:16]
    start = key.encode()[: LONGEST - len(digest) - 1].decode(errors="ignore")
    return f"{start}~{digest}"


def check_keys(source: Path, items: Iterable[tuple[str, str]]) -> None:
    """Raise ``InputError`` where two of the files that ``source`` lists have one key.

    ``items`` are names of files, each with its key.
    """
    owners: dict[str, str] = {}
    for name, key in items:
        if key in owners and owners[key] == name:
            raise InputError(f"{source} lists {name} twice: keep one of them")
        if key in owners:
            raise InputError(
                f"{source} lists {owners[key]} and {name}, whose results would have one name, "
                f"{key}: rename one of them or leave it out"
            )
        owners[key] = name
