"""Work behind the computing of pictures: in order, each done, each error with its number."""

import time
from threading import Event, active_count

from experiments.run.behind import Behind


def test_jobs_are_done_in_order_and_errors_belong_to_theirs():
    behind, go_on, done = Behind(), Event(), []

    def wait():
        go_on.wait()
        done.append("first")

    def fail():
        raise ValueError("the second")

    behind.add(0, wait)
    behind.add(1, fail)
    assert done == [], "whoever gives a job does not wait for it"
    go_on.set()
    behind.add(2, lambda: done.append("third"))
    errors = behind.wait()
    assert done == ["first", "third"]
    assert list(errors) == [1]
    assert str(errors[1]) == "the second"


def test_a_job_is_interrupted_and_no_other_begun():
    before, begun, left = active_count(), Event(), []

    def go_on():
        begun.set()
        try:
            while True:
                time.sleep(0.01)
        finally:
            left.append("the first")

    behind = Behind()
    behind.add(0, go_on)
    behind.add(1, lambda: left.append("the second"))
    begun.wait()
    behind.stop()
    assert left == ["the first"]
    assert active_count() == before
