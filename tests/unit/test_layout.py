"""What the tree keeps to, beyond what the linters see."""

import ast
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("pti", "baselines", "eval", "data", "experiments")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

FOREIGN = {
    "a package registry's host": re.compile(r"\b(py[p]i|pytho[n]hosted|anacond[a])\.\w"),
    "a folder of one machine": re.compile(r"(?<![\w.~}\])])/(root|home|Users|opt|work|mnt)/\w"),
}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def committed() -> list[Path]:
    """Files that git tracks or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = (ROOT / line for line in listed.stdout.split("\0") if line)
    return [path for path in paths if path.is_file()]


def text_of(path: Path) -> str:
    """Empty for what is no text."""
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode("utf-8", "replace")


def functions_of(path: Path) -> list[tuple[str, int]]:
    """Name and number of lines of each."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = (
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, kinds)
    )
    return [(node.name, (node.end_lineno or 0) - node.lineno + 1) for node in found]


NETWORKS = {"scheduler", "text_encoder", "tokenizer", "unet", "vae"}
ALLOWED = {
    "data/scenes/train.py": "makes them",
    "experiments/conformance/command.py": "checks that a method leaves them as they were",
    "pti/diffusion/load.py": "makes them",
    "pti/diffusion/model.py": "the border",
    "pti/diffusion/random_model.py": "makes them",
}


def test_only_the_model_s_own_module_touches_its_networks():
    touched = {
        name(path)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in NETWORKS
    }
    assert touched <= ALLOWED.keys()


def test_files_are_short():
    lengths = {name(path): len(path.read_text("utf-8").splitlines()) for path in SOURCES + TESTS}
    assert not {path: lines for path, lines in lengths.items() if lines > 300}


def test_functions_are_short():
    functions = [(name(path), *function) for path in SOURCES for function in functions_of(path)]
    assert not [(path, function, lines) for path, function, lines in functions if lines > 40]


def test_no_module_is_named_after_nothing():
    vague = {"utils", "util", "helpers", "common", "misc"}
    assert not [name(path) for path in SOURCES if {path.stem, path.parent.name} & vague]


def test_no_import_hides_the_builtin_eval():
    hides = re.compile(r"^\s*import eval\b", re.MULTILINE)
    assert not [name(path) for path in SOURCES + TESTS if hides.search(path.read_text("utf-8"))]


def test_every_folder_of_code_is_a_package():
    folders = {path.parent for path in SOURCES}
    assert not [name(folder) for folder in folders if not (folder / "__init__.py").exists()]


def test_the_lock_holds_names_and_versions_only():
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    pinned = [line.partition("==")[0] for line in lines]
    assert not [line for line in lines if not re.fullmatch(r"[a-z0-9.-]+==[0-9][0-9a-z.]*", line)]
    assert len(set(pinned)) == len(pinned)
    assert not [package for package in pinned if re.match(r"nvidia-|cuda-|triton|pip$", package)]


def test_the_lock_pins_every_direct_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    lock = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    pinned = {line.partition("==")[0] for line in lock}
    assert {re.split(r"[^\w.-]", package)[0] for package in wanted} <= pinned


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    listed = {line.split()[1] for line in shown.stdout.splitlines()}
    assert listed == targets
    declared = re.search(r"^\.PHONY:(.*)$", makefile, re.MULTILINE)
    assert declared
    assert set(declared[1].split()) == targets


@pytest.mark.parametrize("what", FOREIGN)
def test_nothing_names(what):
    found = [
        f"{name(path)}: {hit[0]}"
        for path in committed()
        for hit in FOREIGN[what].finditer(text_of(path))
    ]
    assert not found


def test_contributing_is_short():
    assert len((ROOT / "CONTRIBUTING.md").read_text("utf-8").splitlines()) <= 40
