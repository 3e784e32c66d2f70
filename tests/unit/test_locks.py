"""Reservations keep other processes out, and end with their owner."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from experiments.store.atomic import WriteError
from experiments.store.locks import Reservations, exclusive, reserved

REPOSITORY = Path(__file__).parents[2]
HOLD = """
import sys, time
from pathlib import Path
from experiments.store.locks import Reservations
with Reservations(Path(sys.argv[1])) as reserved:
    print(reserved.take(sys.argv[2:]), flush=True)
    time.sleep(600)
"""
TAKE = """
import sys
from pathlib import Path
from experiments.store.locks import Reservations
with Reservations(Path(sys.argv[1])) as reserved:
    sys.exit(not reserved.take(sys.argv[2:]))
"""
TURN = """
import sys
from pathlib import Path
from experiments.store.locks import exclusive
path = Path(sys.argv[1])
for _ in range(200):
    with exclusive(path.with_suffix(".turn")):
        path.write_text(str(int(path.read_text()) + 1))
"""


def other(script, *words):
    command = [sys.executable, "-c", script, *map(str, words)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)


@contextmanager
def holder(path, *keys):
    """Another process that has reserved the items; killed at the end."""
    with other(HOLD, path, *keys) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


def test_an_item_is_one_process_s_until_that_is_killed(tmp_path):
    path = tmp_path / "reserved"
    with Reservations(path) as reserved, holder(path, "a", "b") as process:
        assert not reserved.take(["c", "b"])
        with holder(path, "c"):
            assert not reserved.take(["c"]), "what could not be taken whole was given back"
        os.kill(process.pid, signal.SIGKILL)
        reserved.wait(["a", "b"])
        assert reserved.take(["a", "b", "c"])


def test_turns_are_taken_one_at_a_time(tmp_path):
    counter = tmp_path / "counter"
    counter.write_text("0")
    with other(TURN, counter) as one, other(TURN, counter) as two:
        assert (one.wait(), two.wait()) == (0, 0)
    with exclusive(counter.with_suffix(".turn")):
        assert counter.read_text() == "400"


def test_threads_of_a_process_take_turns_too(tmp_path):
    """A record lock would let the second in, and free the first one's at its end."""
    inside, order = Event(), []

    def second():
        inside.wait()
        with exclusive(tmp_path / "turn"):
            order.append("second")

    thread = Thread(target=second)
    thread.start()
    with exclusive(tmp_path / "turn"):
        inside.set()
        thread.join(0.5)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def takes(path, key):
    """Whether another process can take a byte."""
    command = [sys.executable, "-c", TAKE, str(path), key]
    return subprocess.run(command, cwd=REPOSITORY, check=False).returncode == 0


def test_nested_blocks_keep_the_bytes_of_the_outer_one(tmp_path):
    path = tmp_path / "cache/reserved"
    with reserved(path, ["a", "b"]):
        with reserved(path, ["c"]):
            pass
        assert not takes(path, "a"), "it is still held"
        assert takes(path, "c")
    assert takes(path, "a")


def test_a_place_that_can_t_be_written_is_no_fault_of_an_item(tmp_path):
    (tmp_path / "cache").touch()
    with pytest.raises(WriteError), reserved(tmp_path / "cache/reserved", ["a"]):
        pass


def test_where_the_kernel_sees_a_deadlock_between_threads_it_is_asked_again(tmp_path, monkeypatch):
    """It takes locks for those of processes: two of them may wait for each other's threads."""
    lockf, refused = fcntl.lockf, []

    def first_refused(*given):
        if not refused:
            refused.append(given)
            raise OSError(errno.EDEADLK, "Resource deadlock avoided")
        lockf(*given)

    monkeypatch.setattr(fcntl, "lockf", first_refused)
    with reserved(tmp_path / "reserved", ["a"]):
        assert refused
        assert not takes(tmp_path / "reserved", "a")


def test_two_users_of_a_file_in_one_process_free_their_own_items_alone(tmp_path):
    path = tmp_path / "reserved"
    first, second = Reservations(path), Reservations(path)
    assert first.take(["a"])
    assert second.take(["b"])
    first.close()
    assert takes(path, "a")
    assert not takes(path, "b")
    second.close()
    assert takes(path, "b")
