"""Keys of items whose pictures are files; a run names its pictures by them."""

import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from unicodedata import normalize

from pti.errors import InputError

LONGEST = 200
"""Bytes of a key; ``KEY.png`` must fit into the 255 bytes of a file name."""

SEPARATORS = re.compile(r"[/\\]")


def key_of(name: str) -> str:
    """The key of a file name, such as ``a__x.png`` for ``a/x.png``; it is in NFC.

    A key longer than ``LONGEST`` is cut, and ends in a digest that keeps it unique.
    """
    parts = [part for part in SEPARATORS.split(normalize("NFC", name)) if part not in ("", ".")]
    key = "__".join(parts)
    if len(key.encode()) <= LONGEST:
        return key
    digest = sha256("/".join(parts).encode()).hexdigest()[:16]
    start = key.encode()[: LONGEST - len(digest) - 1].decode(errors="ignore")
    return f"{start}~{digest}"


def check_keys(source: Path, items: Iterable[tuple[str, str]]) -> None:
    """Raise ``InputError`` where two of the files that ``source`` lists have the same key.

    ``items`` are pairs of file name and key.
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
