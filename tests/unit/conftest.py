"""A model's folder, a copy of it to spoil, and the benchmarks of edits in small."""

import shutil

import pytest

from tests.pie_bench import write_pie_bench, write_pie_bench_pp
from tests.tiny_world import save_model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def folder(tiny, tmp_path):
    return shutil.copytree(tiny, tmp_path / "model")


@pytest.fixture(scope="session")
def pie_bench(tmp_path_factory):
    """PIE-Bench in small, one item a type; not to be written to."""
    root = tmp_path_factory.mktemp("pie_bench")
    write_pie_bench(root)
    return root


@pytest.fixture(scope="session")
def pie_bench_pp(tmp_path_factory):
    """PIE-Bench++ in small, one item a type; not to be written to."""
    root = tmp_path_factory.mktemp("pie_bench_pp")
    write_pie_bench_pp(root)
    return root
