"""The error that a user's mistake raises, and the check of an option against its choices."""

from typing import Any, get_args


class InputError(Exception):
    """The user's input is wrong; the message names the fault and the remedy."""


def one_of(field: str, value: str, choices: Any) -> None:
    """Raise ``ValueError`` where ``value`` is not in ``choices``, a ``Literal``."""
    if value not in get_args(choices):
        raise ValueError(f"{field}={value!r}: choose one of {', '.join(get_args(choices))}")
