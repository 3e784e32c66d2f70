"""The source files that affect a result: those that a configuration names, and all they import.

Imports are found by reading the files, not by importing them, so that every command finds the same
list for a cell, whatever its process has imported. Libraries are left out: ``run.json`` has their
versions. Data files, and modules whose names are computed while the code runs, are not found.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from importlib.machinery import ModuleSpec
from importlib.util import resolve_name
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from experiments.store.provenance import LIBRARIES
from pti.errors import InputError

PIXELS = (
    "experiments.jobs.batches",
    *(
        f"experiments.run.{name}"
        for name in ("cache", "compute", "files", "opened", "oracles", "runner", "workers")
    ),
    "experiments.store.cell",
    "experiments.store.entries",
)
"""The modules of ``experiments`` that affect the bits of a result; imports of more are ignored."""

TALK = {"data.command_line", "data.progress"}
"""Modules that only print messages and progress, and so do not affect results."""

INSTALLED = {"site-packages", "dist-packages"}


def code_of(*nodes: DictConfig) -> dict[str, str]:
    """The sha256 of each source file that affects pictures, by module.

    ``nodes`` are the parts of a configuration that make the pictures. Raises ``InputError`` where a
    ``_target_`` in them can't be imported.
    """
    named = [target for node in nodes for target in _targets(OmegaConf.to_container(node))]
    return sources((*PIXELS, *map(module_of, named)))


def code_of_part(module: str) -> str:
    """The digest of a module's file and all that it imports, for a cache key.

    Raises ``InputError`` where the module has no source file.
    """
    if _spec(module) is None:
        raise InputError(
            f"{module} has no source file, which the cache must read: put its class into one"
        )
    return digest(sources((module,)))


def digest(code: Mapping[str, str]) -> str:
    """One sha256 over the digests of all files."""
    lines = (f"{module} {content}\n" for module, content in sorted(code.items()))
    return sha256("".join(lines).encode()).hexdigest()


def module_of(target: str) -> str:
    """The module in a name such as ``pti.method.Method``; raises ``InputError`` without one."""
    parts = target.split(".")
    for length in range(len(parts) - 1, 0, -1):
        if _spec(module := ".".join(parts[:length])) is not None:
            return module
    raise InputError(
        f"_target_={target} can't be imported: correct it, or put the folder that holds "
        f"{parts[0]} on PYTHONPATH"
    )


@cache
def sources(roots: tuple[str, ...]) -> dict[str, str]:
    """The sha256 of the files of ``roots`` and of all they import, directly or not, by module.

    Imports of installed packages are left out, except within the package of a root: the code of a
    method that was installed counts, torch does not.
    """
    own = {root.partition(".")[0] for root in roots} - set(LIBRARIES)
    found: dict[str, str] = {}
    todo = list(roots)
    while todo:
        module = todo.pop()
        if module in found or (content := _read(module)) is None:
            continue
        found[module], imported = content
        todo += [name for name in imported if _is_searched(name, own)]
    return found


def _is_searched(module: str, own: set[str]) -> bool:
    top = module.partition(".")[0]
    if top == "experiments" or top in sys.stdlib_module_names or module in TALK:
        return False
    return top in own or not _is_installed(top)


@cache
def _is_installed(top: str) -> bool:
    spec = _spec(top)
    places = [] if spec is None else [spec.origin or "", *(spec.submodule_search_locations or ())]
    return any(INSTALLED & set(Path(place).parts) for place in places)


@cache
def _read(module: str) -> tuple[str, tuple[str, ...]] | None:
    """A file's sha256 and the modules that it may import; None where the module has no file.

    Read once per process: an imported module does not change when its file does.
    """
    spec = _spec(module)
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        return None
    content = Path(spec.origin).read_bytes()
    package = module if spec.submodule_search_locations is not None else module.rpartition(".")[0]
    imported = _imports(content, package) if spec.origin.endswith(".py") else ()
    # Importing a.b.c runs a and a.b.
    parents = (module[:i] for i, letter in enumerate(module) if letter == ".")
    return sha256(content).hexdigest(), tuple(dict.fromkeys([*imported, *parents]))


def _imports(source: bytes, package: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            module = resolve_name(base, package) if node.level else base
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call):
            yield from _called_for(node)


def _called_for(call: ast.Call) -> Iterator[str]:
    """The module of ``import_module("name")`` or ``__import__("name")``."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in ("import_module", "__import__"):
        given = (value.value for value in call.args[:1] if isinstance(value, ast.Constant))
        yield from (module for module in given if isinstance(module, str))


@cache
def _spec(module: str) -> ModuleSpec | None:
    """The spec of a module, found without importing it or its parents."""
    places = None
    spec: ModuleSpec | None = None
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        if length > 1 and places is None:
            return None
        name = ".".join(parts[:length])
        specs = (finder.find_spec(name, places) for finder in sys.meta_path)
        spec = next((found for found in specs if found is not None), None)
        if spec is None:
            return None
        places = spec.submodule_search_locations
    return spec


def _targets(node: Any) -> Iterable[str]:
    """Every ``_target_`` in a configuration, at any depth."""
    if isinstance(node, dict):
        if isinstance(target := node.get("_target_"), str):
            yield target
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from _targets(value)
