"""A real Slurm for the tests of this folder."""

import pytest

from tests.slurm.cluster import lacking, running


@pytest.fixture
def slurm(tmp_path):
    if missing := lacking():
        pytest.skip(f"Slurm is not installed here: {', '.join(missing)} missing")
    with running(tmp_path / "slurm") as cluster:
        yield cluster
