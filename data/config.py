"""The data sets by the names of their files in ``configs/data/``."""

from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from data.command_line import build, closest
from pti.errors import InputError

FOLDER = Path(__file__).parents[1] / "configs/data"


def names() -> list[str]:
    """All of them."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def data_set(name: str, options: dict[str, str]) -> Any:
    """The data set of ``configs/data/NAME.yaml``, with ``options`` in place of its own fields.

    Raises ``InputError`` for an unknown name, and for what an option can't be.
    """
    if name not in names():
        known = names()
        raise InputError(
            f"data={name} is unknown.{closest(name, known)} There are: {', '.join(known)}"
        )
    fields = _tasks(name)
    module, _, kind = fields.pop("_target_").rpartition(".")
    # An interpolation takes up a field that the command gives, by the same name.
    plain = {key: value for key, value in fields.items() if not str(value).startswith("${")}
    return build(getattr(import_module(module), kind), options, plain)


def _tasks(name: str) -> dict[str, Any]:
    """The ``tasks`` of a file, over those of the file that it inherits from, if any."""
    file = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    inherited = [base for base in file.get("defaults", []) if base != "_self_"]
    return {**(_tasks(inherited[0]) if inherited else {}), **file.get("tasks", {})}
