"""What docs/reliability.md promises."""

import os
import random
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from experiments.jobs.plan import plan
from experiments.status import command as status
from experiments.store.atomic import append_lines, read_lines
from experiments.store.formats import RECORDS
from tests.e2e.conftest import QUICK
from tests.soak import PICTURES, Soak
from tests.tiny_world import write_pictures

pytestmark = pytest.mark.e2e
ONE = ["experiment=table2", "method=ddim", "method.invert.trace.steps=2", "batch_size=1"]


@contextmanager
def mounted(folder, *options):
    """A file system of its own at ``folder``."""
    folder.mkdir(exist_ok=True)
    command = ["mount", *options, str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("file systems can't be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def keys(place):
    folder = place.cell("table2", "ddim").folder
    return [line["key"] for line in read_lines(folder / RECORDS) if line["status"] == "done"]


def test_killed_at_random_nothing_is_lost_and_nothing_is_made_twice(tmp_path, tiny_folder):
    write_pictures(tmp_path / "pictures", PICTURES)
    soak = Soak(tmp_path, tiny_folder, random.Random(0))  # noqa: S311
    assert soak(4) == []
    assert soak.rounds >= 1


@pytest.mark.parametrize("pages", [4, 7, 10])
def test_a_full_disk_is_one_sentence_and_loses_nothing(workplace, pages):
    """Room for less and less short of what the cell takes; then for all."""
    results = workplace.folder / "results"
    with mounted(results, "-t", "tmpfs", "-o", f"size={4 * pages}k", "tmpfs"):
        full = workplace.run(*ONE, f"cache={workplace.folder / 'elsewhere'}")
        assert full.code != 0
        assert "No space left on device" in full.err
        assert "Traceback" not in full.err
        before = keys(workplace)
        for path in results.rglob("*.jsonl"):
            read_lines(path)
        subprocess.run(["mount", "-o", "remount,size=4m", str(results)], check=True)
        again = workplace.run(*ONE, f"cache={workplace.folder / 'elsewhere'}")
        assert again.code == 0, again.err
        assert keys(workplace)[: len(before)] == before
        assert sorted(keys(workplace)) == ["0.png", "1.png", "2.png"]


def test_a_full_disk_under_the_cache_is_no_failure_of_a_picture(workplace):
    with mounted(workplace.folder / "small", "-t", "tmpfs", "-o", "size=8k", "tmpfs") as cache:
        full = workplace.run(*ONE, f"cache={cache}")
        assert full.code == 2
        assert "No space left on device" in full.err
        assert "cache=..." in full.err
        assert "failed" not in full.err
        subprocess.run(["mount", "-o", "remount,size=4m", str(cache)], check=True)
        again = workplace.run(*ONE, f"cache={cache}")
        assert again.code == 0, again.err
    assert keys(workplace) == ["0.png", "1.png", "2.png"]


def test_a_torn_record_is_made_again_and_the_rest_is_kept(workplace):
    assert workplace.run(*ONE).code == 0
    path = workplace.cell("table2", "ddim").folder / RECORDS
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    assert len(keys(workplace)) == 2
    assert workplace.run(*ONE).code == 0
    assert keys(workplace) == ["0.png", "1.png", "2.png"]
    assert path.read_bytes().startswith(whole.rsplit(b"\n", 2)[0])


def test_a_cache_that_can_only_be_read_is_one_sentence_unless_it_has_everything(workplace):
    cache = workplace.folder / "cache"
    assert workplace.run("experiment=table2", *QUICK, "method=ddim").code == 0
    with mounted(cache, "--bind", "-o", "ro", str(cache)):
        other = f"results={workplace.folder / 'other'}"
        again = workplace.run("experiment=table2", *QUICK, "method=ddim", other)
        assert again.code == 0, again.err
        refused = workplace.run("experiment=table2", *QUICK, "method=nti", other)
        assert refused.code != 0
        assert "cache" in refused.err
        assert "Traceback" not in refused.err


def test_clocks_that_disagree_change_nothing_but_the_rate_that_is_shown(workplace):
    assert workplace.run(*ONE, "limit=2").code == 0
    folder = workplace.cell("table2", "ddim").folder
    lines = read_lines(folder / RECORDS)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")
    (folder / RECORDS).unlink()
    append_lines(folder / RECORDS, [{**lines[0], "at": tomorrow}, lines[1]])
    found, _ = status.progress(plan([*workplace.setting(), *ONE]))
    assert (found.state.done, found.state.left) == (2, 1)
    assert found.rate == 0
    assert workplace.run(*ONE).code == 0
    assert keys(workplace) == ["0.png", "1.png", "2.png"]
