"""Cells in a line: nobody waits between two, errors stay apart, who is held up goes last."""

from collections import deque
from typing import Any

import pytest
from omegaconf import OmegaConf

from experiments.run.line import InLine, Line, Watcher


class Batches:
    """A runner of numbered batches, and its watcher, which notes what it is told to do."""

    def __init__(self, name, count, done, workers=2, *, held_from=None, fails=()):
        self.cfg = OmegaConf.create({"workers": workers})
        self.name, self.done, self.held_from, self.fails = name, done, held_from, fails
        self.waiting, self.begun = deque(range(count)), deque()

    def do(self, what):
        """Note it, or fail."""
        if what in self.fails:
            raise ValueError(what)
        self.done.append(f"{what} {self.name}")

    def begin(self):
        if not self.waiting or self.waiting[0] == self.held_from:
            return False
        self.begun.append(self.waiting.popleft())
        self.done.append(f"begin {self.name}{self.begun[-1]}")
        return True

    def receive(self):
        number = self.begun.popleft()
        if number in self.fails:
            raise ValueError(f"{self.name}{number}")
        self.done.append(f"receive {self.name}{number}")
        return 1

    def wait(self):
        self.held_from = None
        self.do("wait")

    def close(self):
        self.do("close")

    def show(self):
        self.do("show")

    def come(self):
        self.do("come")

    def made(self, count):
        assert count == 1

    def note(self):
        self.do("note")

    def over(self):
        self.do("over")

    def failed(self, error):
        self.done.append(f"failed {self.name}: {error}")


@pytest.fixture
def done():
    """What happened, in order."""
    return []


def run(*runners: Any):
    with Line() as line:
        for one in runners:
            line.add(InLine(one, one, one.note))
        line.finish()


def test_a_cell_begins_before_the_last_results_of_the_one_before(done):
    run(Batches("a", 3, done), Batches("b", 2, done))
    model = [one for one in done if one.split()[0] in ("begin", "receive")]
    assert model == [
        *("begin a0", "begin a1", "begin a2", "receive a0"),
        *("begin b0", "receive a1", "begin b1", "receive a2"),
        *("receive b0", "receive b1"),
    ]
    assert done.index("receive a2") < done.index("come b") < done.index("receive b0")
    ends = [one for one in done if one.split()[0] in ("close", "note", "over")]
    assert ends == [f"{what} {cell}" for cell in "ab" for what in ("close", "note", "over")]


def test_alone_a_process_ends_a_cell_before_the_next_one_loads_its_model(done):
    run(Batches("a", 2, done, workers=1), Batches("b", 1, done, workers=1))
    assert done.index("receive a1") < done.index("begin b0")


def test_an_error_ends_its_own_cell_alone(done):
    run(Batches("a", 5, done, fails=(1,)), Batches("b", 1, done))
    assert "failed a: a1" in done
    assert not {"over a", "receive a2", "receive a3", "begin a4"} & set(done)
    assert done[-3:] == ["close b", "note b", "over b"]


def test_a_cell_that_another_process_works_on_waits_behind_the_others(done):
    run(Batches("a", 1, done, held_from=0), Batches("b", 1, done))
    assert done.index("receive b0") < done.index("wait a") < done.index("receive a0")
    assert done[-1] == "over a"


def test_a_cell_whose_items_are_all_done_elsewhere_is_over_at_once(done):
    run(Batches("a", 0, done), Batches("b", 1, done))
    assert done.index("over a") < done.index("over b")


@pytest.mark.parametrize("what", ["come", "show", "close", "note", "over"])
def test_an_error_beside_the_computing_is_the_cell_s_own(done, what):
    run(Batches("a", 1, done, fails=(what,)), Batches("b", 1, done))
    assert f"failed a: {what}" in done
    assert done.count("close a") + (what == "close") == 1
    assert done[-1] == "over b"


def test_an_error_while_waiting_for_another_process_is_the_cell_s_own(done):
    run(Batches("a", 1, done, held_from=0, fails=("wait",)), Batches("b", 1, done))
    assert "over b" in done
    assert done[-2:] == ["close a", "failed a: wait"]


def test_a_cell_that_failed_is_not_waited_for(done):
    run(Batches("a", 3, done, held_from=2, fails=(1,)), Batches("b", 2, done))
    assert "failed a: a1" in done
    assert "wait a" not in done
    assert done[-1] == "over b"


def test_alone_an_error_is_raised(done):
    class Plain(Batches):
        def failed(self, error):
            Watcher().failed(error)

    with pytest.raises(ValueError, match="a0"):
        run(Plain("a", 1, done, fails=(0,)))
