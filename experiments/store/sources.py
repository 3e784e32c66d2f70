"""The source files that a result follows from: of what a config names, and of what that imports.

Read from the files, without importing them, so that every command over a cell comes to the same
list, whatever ran in its process before. Libraries are not among them: ``run.json`` has their
versions. A module whose name is put together while the code runs is not seen, nor is a data file.
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
    *(f"experiments.run.{name}" for name in ("cache", "compute", "oracles", "runner", "workers")),
    "experiments.store.cell",
)
"""The modules of this package that bits of a result follow from; it is searched for no others."""

TALK = {"data.command_line", "data.progress"}
"""Modules that only speak to people."""

INSTALLED = {"site-packages", "dist-packages"}


def code_of(*nodes: DictConfig) -> dict[str, str]:
    """The sha256 of each source file that pictures made by these parts follow from, by module.

    Raises ``InputError`` for a ``_target_`` that has no source file.
    """
    named = [target for node in nodes for target in _targets(OmegaConf.to_container(node))]
    return sources((*PIXELS, *map(module_of, named)))


def code_of_part(module: str) -> str:
    """One digest of a module's source file and of what that imports: part of a cache key."""
    if _spec(module) is None:
        raise InputError(
            f"{module} has no source file, which the cache must read: put its class into one"
        )
    return digest(sources((module,)))


def digest(code: Mapping[str, str]) -> str:
    """One sha256 over all files."""
    lines = (f"{module} {content}\n" for module, content in sorted(code.items()))
    return sha256("".join(lines).encode()).hexdigest()


def module_of(target: str) -> str:
    """The module of a dotted name such as ``pti.method.Method``; raises ``InputError`` for none."""
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
    """The sha256 of the roots' files and of those that they import, directly or not.

    Imports of installed packages are left out, unless the package is a root's own: a method that
    was installed is ours to watch, torch is not.
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
    """A file's sha256 and the modules that it may import; None where there is no such file.

    Once a process: what was imported does not change with its file.
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
    """Where a module is, without importing it or its parents."""
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
    """Every ``_target_`` in a config, however deep."""
    if isinstance(node, dict):
        if isinstance(target := node.get("_target_"), str):
            yield target
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from _targets(value)
