"""Cells in a line: nobody waits between two, errors stay apart, who is held up goes last."""

from collections import deque

import pytest
from omegaconf import OmegaConf

from experiments.run.line import Line, Turn


class Batches:
    """A runner of numbered batches, which notes what it is told to do."""

    def __init__(self, name, count, done, workers=2, *, held=False, fails_at=None):
        self.cfg = OmegaConf.create({"workers": workers})
        self.name, self.done, self.held, self.fails_at = name, done, held, fails_at
        self.waiting, self.begun = deque(range(count)), deque()

    def begin(self):
        if self.held or not self.waiting:
            return False
        self.begun.append(self.waiting.popleft())
        self.done.append(f"begin {self.name}{self.begun[-1]}")
        return True

    def receive(self):
        number = self.begun.popleft()
        if number == self.fails_at:
            raise ValueError(f"{self.name}{number}")
        self.done.append(f"receive {self.name}{number}")

    def wait(self):
        self.done.append(f"wait {self.name}")
        self.held = False

    def close(self):
        self.done.append(f"close {self.name}")


@pytest.fixture
def done():
    """What happened, in order."""
    return []


def run(done, *runners):
    with Line() as line:
        for one in runners:
            line.add(
                Turn(
                    one,
                    lambda one=one: done.append(f"come {one.name}"),
                    lambda one=one: done.append(f"over {one.name}"),
                    lambda error, one=one: done.append(f"failed {one.name}: {error}"),
                )
            )
        line.finish()


def test_a_cell_begins_before_the_last_results_of_the_one_before(done):
    run(done, Batches("a", 3, done), Batches("b", 2, done))
    model = [one for one in done if one.split()[0] in ("begin", "receive")]
    assert model == [
        *("begin a0", "begin a1", "begin a2", "receive a0"),
        *("begin b0", "receive a1", "begin b1", "receive a2"),
        *("receive b0", "receive b1"),
    ]
    assert done.index("receive a2") < done.index("come b") < done.index("receive b0")
    ends = [one for one in done if one.split()[0] in ("close", "over")]
    assert ends == ["close a", "over a", "close b", "over b"]


def test_alone_a_process_ends_a_cell_before_the_next_one_loads_its_model(done):
    run(done, Batches("a", 2, done, workers=1), Batches("b", 1, done, workers=1))
    assert done.index("receive a1") < done.index("begin b0")


def test_an_error_ends_its_own_cell_alone(done):
    run(done, Batches("a", 5, done, fails_at=1), Batches("b", 1, done))
    assert "failed a: a1" in done
    assert not {"over a", "receive a2", "receive a3", "begin a4"} & set(done)
    assert done[-2:] == ["close b", "over b"]


def test_a_cell_that_another_process_works_on_waits_behind_the_others(done):
    run(done, Batches("a", 1, done, held=True), Batches("b", 1, done))
    assert done.index("receive b0") < done.index("wait a") < done.index("receive a0")
    assert done[-1] == "over a"


def test_a_cell_whose_items_are_all_done_elsewhere_is_over_at_once(done):
    run(done, Batches("a", 0, done), Batches("b", 1, done))
    assert done.index("over a") < done.index("over b")
