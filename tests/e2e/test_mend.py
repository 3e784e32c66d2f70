"""A report's own commands make it whole."""

import shlex

import pytest

from experiments.report.mend import RUN
from tests.e2e.conftest import QUICK


@pytest.mark.e2e
def test_the_commands_of_a_report_compute_what_it_lacks(workplace):
    words = ["experiment=table2", QUICK[1]]
    assert workplace.run(*words, "method=ddim", "limit=1").code == 0
    assert workplace.run(*words, "method=nti", "limit=2").code == 0
    made = workplace.cell("table2", "nti").records
    before = workplace.report("experiment=table2").out
    assert f"differs from the experiment: {QUICK[1]} (50) in DDIM, NTI" in before
    lines = before.splitlines()
    given = [lines[i + 1] for i, line in enumerate(lines) if line == f"- {RUN}".rstrip()]
    assert len(given) == 2
    for command in given:
        _, _, module, *rest = shlex.split(command)
        assert module == "experiments.run"
        done = workplace.call("run", *rest, f"cache={workplace.folder / 'cache'}")
        assert done.code == 0, done.err
    after = workplace.report("experiment=table2").out
    assert "missing" not in after
    assert "not made yet" not in after
    assert workplace.cell("table2", "nti").records == made
    assert len(workplace.cell("table2", "pti").done) == 2
