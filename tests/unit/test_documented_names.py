"""Each name in documents, notebooks and the commands' ``--help`` is the name of something."""

import ast
import re
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest
from omegaconf import OmegaConf

from experiments.jobs.schema import CONFIGS, Goal
from experiments.jobs.written import fields_of
from experiments.mirror.choose import KINDS
from tests.e2e.documents import DOCUMENTS, REPOSITORY, choices, files

CHOICES = {
    group: {path.stem for path in CONFIGS.glob(f"{group}/*.yaml")}
    for group in ("cluster", "data", "debug", "experiment", "method", "metrics", "model")
} | {
    "goal": {goal.name for goal in Goal},
    "log": set(KINDS),
    "precision": {"fp32", "bf16"},
}
OWN = {("experiment", "all"), ("method", "shrunk")}
"""Of reports and mirrors; of the notebook that makes it."""


def help_of(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""


MODULES = [*REPOSITORY.glob("data/**/*.py"), *REPOSITORY.glob("experiments/**/*.py")]
OTHERS = [*REPOSITORY.glob("data/**/*.md"), *REPOSITORY.glob("notebooks/*.ipynb")]
TEXTS = {
    **{path: path.read_text("utf-8") for path in (*DOCUMENTS, *OTHERS)},
    **{path: text for path in MODULES if "python -m" in (text := help_of(path))},
}
each_text = pytest.mark.parametrize(
    "text", TEXTS.values(), ids=[str(path.relative_to(REPOSITORY)) for path in TEXTS]
)


@each_text
def test_every_choice_is_one(text):
    own = OWN | {(Path(name).parent.name, Path(name).stem) for name in files(text)}
    named = {(key, value) for key, value in choices(text) if key in CHOICES} - own
    assert [one for one in named if one[1] not in CHOICES[one[0]]] == []


@each_text
def test_every_field_is_one(text):
    pattern = r"(?<![\w.])(?:(?:method|cluster)\.[a-z_.]*[a-z_]|(?:data|model)\.[\w.]*[a-z](?==))"
    assert [field for field in re.findall(pattern, text) if not is_field(field)] == []


def is_field(name: str) -> bool:
    group, _, path = name.partition(".")
    if group == "cluster":  # its files are of the whole configuration
        nodes: list[Any] = [OmegaConf.load(file) for file in CONFIGS.glob("cluster/*.yaml")]
        return any(holds(OmegaConf.to_container(node.cluster), path) for node in nodes)
    files = CONFIGS.glob(f"{group}/*.yaml")
    known = {field for file in files for field in fields_of(group, file.stem, group)}
    return any(f"{field}.".startswith(f"{name}.") for field in known)


def holds(node: Any, path: str) -> bool:
    head, _, rest = path.partition(".")
    return isinstance(node, dict) and head in node and (not rest or holds(node[head], rest))


FOLDERS = r"(?:baselines|configs|data|docs|eval|experiments|notebooks|pti|tests|\.ci)"


@each_text
def test_every_file_is_there(text):
    paths = re.findall(rf"(?<![\w/.<]){FOLDERS}/[\w./*-]*", text)
    paths += re.findall(r"`([A-Z]{4,}\.\w+|LICENSE|pyproject\.toml|requirements\.lock)`", text)
    assert [path for path in paths if not list(REPOSITORY.glob(path.rstrip("./")))] == []


@each_text
def test_every_module_is_there(text):
    for name in re.findall(rf"`({FOLDERS}(?:\.\w+)+)`", text):
        assert resolve_name(name)


@each_text
def test_every_test_is_there(text):
    tests = "\n".join(path.read_text("utf-8") for path in REPOSITORY.glob("tests/**/*.py"))
    for name in re.findall(r"`(test_\w+(?:\.\.\.)?)`", text):
        assert f"def {name.removesuffix('...') if '...' in name else f'{name}('}" in tests
