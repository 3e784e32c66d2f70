"""Replaces fields of an editor by their names, wherever in it they are."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from inspect import signature
from typing import Any

from data.command_line import closest
from experiments.jobs.forms import check_value
from pti.errors import InputError


def with_fields(editor: Any, values: Mapping[str, Any], name: str) -> Any:
    """The editor with these fields replaced; ``name`` is that of its method, for messages.

    A field may be the editor's own or that of a part of it, such as its mask: the nearest is meant,
    and a dotted name such as ``mask.threshold`` is one place. Raises ``InputError`` where there is
    none, where two are as near, and for a value that the field can't have.
    """
    for key, value in values.items():
        editor = _replaced(editor, _place(editor, key, name), value, key)
    return editor


def _place(editor: Any, key: str, name: str) -> tuple[str, ...]:
    """The way to the part's field, from the editor inwards."""
    known = [place for place, _ in values_of(editor)]
    for depth in range(1, max(map(len, known), default=0) + 1):
        near = [place for place in known if len(place) == depth and place[-1] == key]
        exact = [place for place in known if ".".join(place) == key]
        if len(near) > 1:
            places = " or ".join(".".join(place) for place in near)
            raise InputError(f"{key} may be that of several parts: write {places}, as **{{...}}")
        if near or exact:
            return (near or exact)[0]
    names = list(dict.fromkeys(place[-1] for place in known))
    raise InputError(
        f"the editor of {name} has no {key!r}.{closest(key, names)} It has {', '.join(names)}"
    )


def values_of(part: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The place of each field and its value; parts themselves are left out."""
    for field in fields(part) if is_dataclass(part) else ():
        value, place = getattr(part, field.name), (*way, field.name)
        if is_dataclass(value):
            yield from values_of(value, place)
        else:
            yield place, value


def _replaced(part: Any, place: tuple[str, ...], value: Any, key: str) -> Any:
    field, *inner = place
    if inner:
        value = _replaced(getattr(part, field), tuple(inner), value, key)
    else:
        check_value(value, signature(type(part)).parameters[field].annotation, key)
    try:
        return replace(part, **{field: value})
    except ValueError as error:
        raise InputError(str(error)) from error
