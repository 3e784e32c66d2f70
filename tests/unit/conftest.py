"""A model's folder for tests of loading, and a copy of it to spoil."""

import shutil

import pytest

from tests.tiny_world import save_model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def folder(tiny, tmp_path):
    return shutil.copytree(tiny, tmp_path / "model")
