"""Rewriting overrides for Hydra: paths and names as text, numbers in one spelling.

Hydra reads ``results=2024_01_05`` as the number 20240105, and can't read ``data.path=a=b`` at all.
A cell is named by its overrides, so 1, 1.0 and 1e0 must be spelt alike.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import OverrideParseException
from omegaconf import DictConfig, OmegaConf

from experiments.store.fields import INVERSION, LISTS, PLACES
from pti.errors import InputError

GROUPS = frozenset({"cluster", "data", "inversion", "method", "model"})
"""The folders of ``configs/`` from each of which a run takes one file."""

TEXT = PLACES | {"account", "cell", "gres", "name", "partition", "revision", "variant"}
"""Fields, by the last part of their names, that hold text, even if it looks like a number."""


def spelled(overrides: Sequence[str]) -> list[str]:
    """Quote text that Hydra would not read as text, and write whole numbers without a fraction.

    A comma separates the values of a sweep, but not within the name of an existing path, nor
    between plain values of a field of ``LISTS``: these become one list. Values in quotes, ``null``
    and values with an interpolation are not changed. Raises ``InputError`` for a group that is null
    and for an empty path.
    """
    return [_spelled(override) for override in overrides]


def left_to_jobs(overrides: Sequence[str]) -> list[str]:
    """Have fields of methods, and the choice of an inversion, composed in each job alone.

    Hydra would first compose them with the default method, which may lack them.
    """
    return [_left(override) for override in overrides]


def _left(override: str) -> str:
    key, equals, value = override.partition("=")
    of_method = key.rpartition("@")[2].lstrip("+").startswith("method.")
    single = equals and value and not _is_sweep(override)
    return f"{key}=choice({value})" if of_method and single else override


def _is_sweep(override: str) -> bool:
    try:
        (parsed,) = OverridesParser.create().parse_overrides([override])
    except OverrideParseException:
        return True  # left as it is: Hydra will say what is wrong with it
    return parsed.is_sweep_override()


def _spelled(override: str) -> str:
    key, equals, value = override.partition("=")
    if not equals or not key or key.startswith(("-", "hydra", "~")):
        return override
    if value == "null" and key in GROUPS:
        raise InputError(f"{override}: a run needs one; name a file of configs/{key}")
    field = key.rpartition(".")[2].lstrip("+")
    if not value and field in PLACES:
        raise InputError(f"{override} is empty: name a place")
    whole = field in PLACES and Path(value).exists()
    values = [value] if whole or field in {"results", "cache"} else list(_divided(value))
    form = _as_text if field in TEXT else _as_number
    joined = ",".join(dict.fromkeys(map(form, values)))
    if key.lstrip("+") in LISTS and len(values) > 1 and not any(map(_is_list, values)):
        joined = f"[{joined}]"
    return f"{INVERSION if key == 'inversion' else key}={joined}"


def _is_list(value: str) -> bool:
    return value.strip().startswith("[")


def _divided(value: str) -> Iterator[str]:
    """The parts between commas that are not within quotes or brackets."""
    part, depth, quote = "", 0, ""
    for letter in value:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"" and not part:
            quote = letter
        else:
            depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth and not quote:
            yield part
            part = ""
        else:
            part += letter
    yield part


def _as_text(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    if quoted or value in ("", "null") or "${" in value or _read(value) == value:
        return value
    return in_quotes(value)


def in_quotes(text: str) -> str:
    """Quote a text so that Hydra reads it unchanged."""
    # Hydra reads a backslash literally, except before a quote.
    escaped = re.sub(r"(\\*)('|$)", r"\1\1\2", text).replace("'", "\\'")
    return f"'{escaped}'"


def _as_number(value: str) -> str:
    number = _read(value)
    return str(plain(number)) if isinstance(number, float) else value


def _read(value: str) -> Any:
    """The value as Hydra reads it; None where Hydra can't read it."""
    try:
        (override,) = OverridesParser.create().parse_overrides([f"key={value}"])
    except OverrideParseException:
        return None
    return override.value()


def plain(number: float) -> float | int:
    """The number as an int where it is whole and below 1e15; otherwise the number unchanged."""
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def spell_numbers(node: DictConfig) -> None:
    """Write whole numbers in a configuration without a fraction, in place, like ``spelled``."""
    for key in node:
        if OmegaConf.is_interpolation(node, str(key)):
            continue
        value = node[key]
        if isinstance(value, DictConfig):
            spell_numbers(value)
        elif isinstance(value, float):
            node[key] = plain(value)
