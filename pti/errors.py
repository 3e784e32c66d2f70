"""Errors whose message is meant for the person at the keyboard."""

from typing import Any, get_args


class InputError(Exception):
    """Something that the user gave is wrong; the message names it and says what to do."""


def one_of(field: str, value: str, choices: Any) -> None:
    """Raise ``ValueError`` where ``value`` is none of a ``Literal``'s."""
    if value not in get_args(choices):
        raise ValueError(f"{field}={value!r}: choose one of {', '.join(get_args(choices))}")
