"""Work behind the computing of pictures: in order, each done, each error with its number."""

from threading import Event

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
    behind.add(2, lambda: done.append("third"))
    assert done == [], "whoever gives a job does not wait for it"
    go_on.set()
    errors = behind.wait()
    assert done == ["first", "third"]
    assert list(errors) == [1]
    assert str(errors[1]) == "the second"
