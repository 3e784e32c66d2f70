"""``experiments.status`` counts what the files hold."""

import pytest

from tests.e2e.conftest import QUICK

pytestmark = pytest.mark.e2e


def row(shown, cell):
    (line,) = [line.split() for line in shown.out.splitlines() if line.startswith(f"{cell} ")]
    return line[1:4]


def test_it_shows_what_is_done_and_what_is_left(workplace):
    words = ["experiment=table2", *QUICK]
    before = workplace.call("status", *workplace.setting(), *words)
    assert before.code == 0, before.err
    assert row(before, "all") == ["0", "–", "9"]
    workplace.run(*words, "method=ddim", "limit=2")
    (workplace.folder / "pictures/0.png").write_text("no picture")
    workplace.run(*words, "method=nti")
    after = workplace.call("status", *workplace.setting(), *words)
    assert row(after, "ddim") == ["2", "–", "1"]
    assert row(after, "nti") == ["2", "1", "–"]
    assert row(after, "pti") == ["0", "–", "3"]
    assert row(after, "all") == ["4", "1", "4"]


def test_watching_ends_once_nothing_is_left_and_rounds_change_nothing(workplace):
    words = ["experiment=table2", *QUICK, "method=ddim"]
    workplace.run(*words)
    watched = workplace.call("status", *workplace.setting(), *words, "--watch", "rounds=3")
    assert watched.code == 0, watched.err
    assert row(watched, "ddim") == ["3", "–", "–"]


def test_a_search_s_base_is_no_run(workplace):
    refused = workplace.run("experiment=search")
    assert refused.code == 2
    assert "say python -m experiments.search" in refused.err


def test_it_refuses_what_a_run_would_refuse(workplace):
    refused = workplace.call("status", "experiment=table9")
    assert refused.code == 2
    assert "table9" in refused.err
