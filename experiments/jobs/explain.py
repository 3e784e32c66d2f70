"""Hydra's errors as one sentence, with what was probably meant."""

import re
from collections import Counter
from dataclasses import fields
from difflib import SequenceMatcher
from itertools import takewhile
from typing import get_type_hints

from hydra.errors import (
    InstantiationException,
    MissingConfigException,
    OverrideParseException,
)

from data.command_line import closest
from experiments.jobs.forms import in_words
from experiments.jobs.schema import CONFIGS, Run
from experiments.jobs.written import fields_of
from experiments.store.fields import INVERSION
from pti.errors import InputError

UNKNOWN_KEY = re.compile(r"Could not override '([^']+)'")
UNKNOWN_CHOICE = re.compile(r"Could not find '([^']+)'")
WRONG_VALUE = re.compile(r"Error merging override (\+{0,2}([^=\s]+)=.*)")
RESOLVING = re.compile(r"^InputError raised while resolving interpolation: ")
MISSING_VALUE = re.compile(r"Missing mandatory value: (\S+)")

ALIKE = 0.65
"""The least likeness for a suggestion; below it, a suggestion would be a guess."""


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
    name = unknown_field(error)
    return _no_such_field(name) if name else _of_value(text)


def _of_value(text: str) -> str:
    """Hydra's message about a value, reworded where it is a common one."""
    if found := MISSING_VALUE.search(text):
        return f"{found[1]} is not set: add {found[1]}=... to the command"
    kinds = get_type_hints(Run)
    if (found := WRONG_VALUE.search(text)) and found[2] in kinds:
        return f"{found[1]} can't be: it takes {in_words(kinds[found[2]])}"
    return " ".join(RESOLVING.sub("", text).split())


def unknown_field(error: Exception) -> str | None:
    """The dotted name that is not a field of the configuration; None for a different error."""
    missing = UNKNOWN_KEY.search(str(error))
    return missing and missing[1]


def _of_part(error: InstantiationException, cause: BaseException) -> str:
    """The error of a method, model or data set that could not be instantiated."""
    if isinstance(cause, InputError):
        return str(cause)
    where = re.search(r"full_key: (\S+)", str(error))
    return f"{where[1]}: {cause}" if where else str(cause)


def _no_such_field(name: str) -> str:
    if name == INVERSION:
        return (
            "the method of this run has an inversion of its own: choose a pair, such as method=p2p"
        )
    known = _fields()
    if name in known:
        return f"the {name.partition('.')[0]} of this run has no field {name!r}; others have"
    likeness = {
        field: (_likeness(name, field), "." not in field, count, -field.count("."))
        for field, count in known.items()
    }
    nearest = max(sorted(likeness), key=likeness.__getitem__)
    meant = f" Did you mean {nearest!r}?" if likeness[nearest][0] else ""
    return f"there is no field {name!r}.{meant}"


def _likeness(name: str, field: str) -> float:
    """How likely ``name`` means ``field``, 0 to 1.2, by the last part and less so by the others.

    0 where the last parts are not alike, or where they differ and the other parts have nothing in
    common. A part of several words may be named by its initials.
    """
    *places, last = name.split(".")
    *others, end = field.split(".")
    same = last == end or last == _initials(end) or end == _initials(last)
    apart = places and set(places).isdisjoint(others)
    alike = 1.0 if same else 0.0 if apart else SequenceMatcher(None, last, end).ratio()
    common = takewhile(lambda pair: pair[0] == pair[1], zip(places, others, strict=False))
    shared = len(list(common)) / max(len(places), len(others), 1)
    return alike + 0.2 * shared if alike > ALIKE else 0.0


def _initials(words: str) -> str:
    return "".join(word[:1] for word in words.split("_")) if "_" in words else ""


def _fields() -> Counter[str]:
    """The fields that a run may have, with the number of files that have each."""
    names = Counter(field.name for field in fields(Run))
    for group in ("method", "data", "model", "metrics"):
        for file in (CONFIGS / group).glob("*.yaml"):
            names.update(set(fields_of(group, file.stem, group)))
    return names
