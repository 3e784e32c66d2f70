"""Checking a configuration's values against the annotations of the parameters that take them."""

from collections.abc import Iterator
from enum import Enum
from inspect import Parameter, signature
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from pti.errors import InputError

EMPTY = Parameter.empty
IN_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    NoneType: "null",
}


CHECKED = ("method", "data.tasks", "model.load", "metrics.pictures", "metrics.classes")
"""The parts of a run's configuration from which objects are made."""


def check_values(cfg: DictConfig) -> None:
    """Raise ``InputError`` where a value of a run's configuration is not of the right type."""
    for path in CHECKED:
        part = OmegaConf.select(cfg, path)
        if part is not None:
            check_forms(part, path)


def check_forms(config: DictConfig, path: str) -> None:
    """Raise ``InputError`` where a value is not of the type that its parameter is annotated with.

    Python does not check annotations, so a wrong value would fail deep inside the arithmetic.
    ``path`` is the dotted name of ``config``. The elements of lists are not checked.
    """
    parameters = signature(_made_by(config, path)).parameters if "_target_" in config else {}
    types = {name: parameter.annotation for name, parameter in parameters.items()}
    for key, value in config.items():
        name = str(key)
        if isinstance(value, DictConfig):
            check_forms(value, f"{path}.{name}")
        elif types.get(name, EMPTY) is not EMPTY:
            check_value(value, types[name], f"{path}.{name}")


def _made_by(config: DictConfig, path: str) -> Any:
    try:
        return get_object(config._target_)
    except (ImportError, AttributeError, ValueError) as error:
        reason = str(error.__cause__ or error).partition("\n")[0]
        raise InputError(
            f"{path}._target_={config._target_} can't be imported ({reason}): correct it, or put "
            "the folder that holds it on PYTHONPATH"
        ) from error


def check_value(value: Any, annotation: Any, path: str) -> None:
    """Raise ``InputError`` where ``value`` is not of the type ``annotation``; ``path`` names it."""
    options = list(_options(annotation))
    if not any(_fits(value, option) for option in options):
        raise InputError(f"{path}={_text(value)} can't be: it takes {in_words(annotation)}")


def in_words(annotation: Any) -> str:
    """The values that a type allows, such as "a number or null"."""
    return " or ".join(dict.fromkeys(map(_in_words, _options(annotation))))


def _options(annotation: Any) -> Iterator[Any]:
    """The members of a union, or the type itself."""
    if get_origin(annotation) in (Union, UnionType):
        for member in get_args(annotation):
            yield from _options(member)
    else:
        yield annotation


def _fits(value: Any, option: Any) -> bool:
    if get_origin(option) is Literal:
        return value in get_args(option)
    if isinstance(value, bool):  # bool is a subclass of int
        return option is bool
    if option in IN_WORDS:
        return isinstance(value, (int, float) if option is float else option)
    part = isinstance(option, type) and not issubclass(option, Path)
    return not (part and (value is None or isinstance(value, int | float | str)))


def _in_words(option: Any) -> str:
    if get_origin(option) is Literal:
        return " or ".join(map(_text, get_args(option)))
    if isinstance(option, type) and issubclass(option, Enum):
        return " or ".join(option.__members__)
    return IN_WORDS.get(option, "a block with a _target_")


def _text(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
