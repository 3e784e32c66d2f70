"""All commands, and what there is to choose from.

    python -m experiments
    python -m experiments list methods

``list`` takes methods, inversions, masks, data, models, metrics, experiments, clusters or layouts;
each is a file in ``configs/``.
"""

import sys
from itertools import takewhile
from pathlib import Path

from data.command_line import closest, finish, say
from experiments.start import commands, help_of

CONFIGS = Path(__file__).parents[1] / "configs"
GROUPS = {
    "methods": "method",
    "inversions": "inversion",
    "masks": "mask@method.edit.mask",
    "data": "data",
    "models": "model",
    "metrics": "metrics",
    "experiments": "experiment",
    "clusters": "cluster",
    "layouts": "layout@report",
}
"""The override that chooses one; its folder is the part before the @."""


def main() -> int:
    """Print a line for each command, or for each choice of a group; the exit code."""
    match sys.argv[1:]:
        case [] | ["-h" | "--help"]:
            told = {f"python -m experiments.{name}": _first(help_of(name)) for name in commands()}
            told["python -m experiments list KIND"] = f"what there is of {', '.join(GROUPS)}"
        case ["list", kind] if kind in GROUPS:
            key = GROUPS[kind]
            paths = sorted((CONFIGS / key.partition("@")[0]).glob("*.yaml"))
            told = {f"{key}={path.stem}": _comment(path) for path in paths}
        case ["list", kind]:
            say(f"{kind} is unknown.{closest(kind, GROUPS)} There are {', '.join(GROUPS)}")
            return 2
        case _:
            say("say python -m experiments, or python -m experiments list methods")
            return 2
    width = max(map(len, told))
    print("\n".join(f"{name:{width}}  {about}" for name, about in told.items()))  # noqa: T201
    return 0


def _first(text: str) -> str:
    """The first sentence of a docstring."""
    return " ".join(text.partition("\n\n")[0].split())


def _comment(path: Path) -> str:
    """The comment that a config begins with, but for Hydra's own directive."""
    lines = path.read_text("utf-8").splitlines()
    comment = takewhile(lambda line: line.startswith("#"), lines)
    return " ".join(line[2:] for line in comment if not line.startswith("# @package"))


finish(main, "")
