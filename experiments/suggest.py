"""What was probably meant: Hydra's composition errors as one sentence."""

import re
from dataclasses import fields

from hydra.errors import (
    InstantiationException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import OmegaConf

from data.command_line import closest
from experiments.cell import flat
from experiments.schema import CONFIGS, Run
from pti.errors import InputError

UNKNOWN_KEY = re.compile(r"Could not override '([^']+)'")
UNKNOWN_CHOICE = re.compile(r"Could not find '([^']+)'")
MISSING_VALUE = re.compile(r"Missing mandatory value: (\S+)")


def explain(error: Exception) -> str:
    """One sentence for an error of Hydra or OmegaConf."""
    if isinstance(error, InstantiationException) and error.__cause__:
        return _of_part(error, error.__cause__)
    if isinstance(error, OverrideParseException):
        key = str(error.override).partition("=")[0]
        return (
            f"{error.override!r} can't be read as key=value: put its value in quotes within "
            f"quotes, of which the shell takes one pair away: \"{key}='...'\""
        )
    text = str(error)
    if isinstance(error, MissingConfigException) and (found := UNKNOWN_CHOICE.search(text)):
        group, _, choice = found[1].rpartition("/")
        known = sorted(path.stem for path in (CONFIGS / group).glob("*.yaml"))
        return f"{group}={choice} is unknown.{closest(choice, known)} There are {', '.join(known)}."
    if name := unknown_field(error):
        return _no_such_field(name)
    if found := MISSING_VALUE.search(text):
        return f"{found[1]} is not set: add {found[1]}=... to the command"
    return " ".join(text.split())


def unknown_field(error: Exception) -> str | None:
    """The dotted name that a configuration has no field of; None for any different error."""
    missing = UNKNOWN_KEY.search(str(error))
    return missing and missing[1]


def _of_part(error: InstantiationException, cause: BaseException) -> str:
    """What a method, model or data set said when it was made."""
    if isinstance(cause, InputError):
        return str(cause)
    where = re.search(r"full_key: (\S+)", str(error))
    return f"{where[1]}: {cause}" if where else str(cause)


def _no_such_field(name: str) -> str:
    known = _fields()
    if name in known:
        return f"the {name.partition('.')[0]} of this run has no field {name!r}; others have"
    return f"there is no field {name!r}.{closest(name, known)}"


def _fields() -> set[str]:
    names = {field.name for field in fields(Run)}
    for group in ("method", "data", "model"):
        for file in (CONFIGS / group).glob("*.yaml"):
            names |= flat(OmegaConf.load(file), group).keys()
    return names
