"""Downloads only those pictures of a data set that its draw needs.

    python -m data.fetch coco root=DIR [count=128 seed=0 annotations=FILE]
    python -m data.fetch pie_bench_pp root=DIR

COCO's captions file must be there; PIE-Bench++ comes whole. What is there is kept, and partial
downloads are resumed.
"""

import shutil
import time
from collections.abc import Iterable
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from huggingface_hub import snapshot_download

from data.command_line import GOES_ON, for_people, parse, say
from data.config import data_set
from data.images import open_picture
from data.progress import bar
from data.task import Downloadable, FromHub
from pti.errors import InputError

WAITS = (1.0, 4.0)
"""Seconds before each further attempt after a broken connection."""

TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as broken."""

BROKEN = (URLError, HTTPException, ConnectionError, TimeoutError)

BY_HAND = {
    "pie_bench": "its authors give it out by the form in the README of cure-lab/PnPInversion: fill "
    "that in, and unpack mapping_file.json and annotation_images/ into the folder that "
    "data.root=DIR names"
}
"""How to get what only its authors give out."""


def fetch(url: str, path: Path) -> None:
    """Download a picture to ``path``; a partial download stays beside it, for the next call.

    Raises ``InputError`` where the address does not begin with http:// or https://, the server
    refuses it, the connection breaks repeatedly, or the download is not a picture.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise InputError(f"{url!r} is no address that starts with http:// or https://")
    part = path.with_name(f"{path.name}.part")
    _persist(url, part)
    try:
        open_picture(part)
    except InputError as error:
        part.unlink()  # resuming the download can't repair it
        raise InputError(f"{url} is no picture that can be read") from error
    part.replace(path)


def _persist(url: str, part: Path) -> None:
    waits = iter(WAITS)
    while True:
        try:
            return _download(url, part)
        except BROKEN as error:
            wait = next(waits, None)
            if wait is None:
                raise InputError(f"{url} did not come whole ({error})") from error
            time.sleep(wait)


def _download(url: str, part: Path) -> None:
    """Make one attempt; raises one of ``BROKEN`` where a further attempt may help."""
    have = part.stat().st_size if part.exists() else 0
    asked = Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310 (checked)
    try:
        with urlopen(asked, timeout=TIMEOUT) as response:  # noqa: S310 (checked)
            goes_on = response.status == HTTPStatus.PARTIAL_CONTENT
            with part.open("ab" if goes_on else "wb") as file:
                shutil.copyfileobj(response, file)
                came = file.tell() - (have if goes_on else 0)
            announced = response.headers["Content-Length"]
    except HTTPError as error:
        error.close()
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)  # it is not a beginning of this picture: start again
        elif error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise InputError(f"{url}: the server says {error.code} {error.reason}") from error
        raise
    if announced is not None and came != int(announced):
        raise ConnectionError(f"{came} of {announced} bytes")


def fetch_all(wanted: Iterable[tuple[str, Path]]) -> list[str]:
    """Fetch each address without a whole picture at its path; returns failures as sentences."""
    failures: list[str] = []
    for url, path in wanted:
        if _is_whole(path):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            fetch(url, path)
        except InputError as error:
            failures.append(str(error))
    return failures


def fetch_from_hub(repository: str, folder: Path) -> None:
    """Download the parquet files of a data set of the hub; those that are there are kept.

    Raises ``InputError`` where the hub can't be reached or refuses.
    """
    try:
        snapshot_download(
            repository, repo_type="dataset", local_dir=folder, allow_patterns=["*.parquet"]
        )
    except Exception as error:  # the hub's client lets through those of several transports
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise InputError(
            f"{repository} did not come whole to {folder} ({reason}): mend that, and run the same "
            "command again on a machine with network to go on"
        ) from error


def _is_whole(path: Path) -> bool:
    try:
        open_picture(path)
    except InputError:
        return False
    return True


def main(arguments: list[str]) -> int:
    """Fetch the data set that the command line names; returns the exit code."""
    if not arguments or "=" in arguments[0]:
        raise InputError("say what to fetch: python -m data.fetch coco root=DIR")
    name, *options = arguments
    if name in BY_HAND:
        raise InputError(f"{name} can't be fetched: {BY_HAND[name]}")
    tasks = data_set(name, parse(options))
    if isinstance(tasks, FromHub):
        fetch_from_hub(*tasks.hub())
        return 0
    if not isinstance(tasks, Downloadable):
        raise InputError(f"{name} can't be fetched: its documentation says where it comes from")
    wanted = tasks.downloads()
    failures = fetch_all(bar(wanted, desc=name, unit="picture"))
    if failures:
        say(
            f"{len(failures)} of {len(wanted)} pictures could not be fetched, run the same command "
            f"again to go on: {'; '.join(failures)}"
        )
    return 1 if failures else 0


if __name__ == "__main__":
    for_people(main, __doc__ or "", GOES_ON)
