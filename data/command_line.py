"""Command lines of this package: a data set from ``key=value`` words, errors as one sentence."""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from multiprocessing import active_children
from typing import Any

from pti.errors import InputError

GOES_ON = "the same command goes on where this one was"
"""What Ctrl-C says of a command that keeps what it has done."""


def closest(word: str, known: Iterable[str]) -> str:
    """A question that names the nearest known word, or nothing."""
    near = get_close_matches(word, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def parse(arguments: list[str]) -> dict[str, str]:
    """``key=value`` words; ``data.`` and ``data.tasks.``, as a run spells them, may be left out."""
    options: dict[str, str] = {}
    for word in arguments:
        key, equals, value = word.partition("=")
        if not equals:
            raise InputError(f"{word!r} can't be read: write key=value")
        options[key.removeprefix("data.").removeprefix("tasks.")] = value
    return options


def build(
    kind: Callable[..., Any], options: dict[str, str], usual: Mapping[str, Any] | None = None
) -> Any:
    """A data set of the dataclass ``kind``; ``usual`` are values of fields without an option.

    Raises ``InputError`` where an option is not one of its fields, or a field has no value.
    """
    known: dict[str, Field[Any]] = {field.name: field for field in fields(kind)}  # pyright: ignore[reportArgumentType] (a dataclass)
    for name in options.keys() - known.keys():
        there = ", ".join(f"{field}=..." for field in known) or "none"
        raise InputError(f"there is no option {name!r}.{closest(name, known)} There are: {there}")
    values = dict(usual or {}) | {name: _value(known[name], text) for name, text in options.items()}
    for name, field in known.items():
        if field.default is MISSING and name not in values:
            raise InputError(f"{name} is not set: add {name}=... to the command")
    return kind(**values)


def for_people(main: Callable[[list[str]], int], manual: str, stopped: str = "") -> None:
    """Exit with what ``main`` returns, or with 2 and a sentence where the input is wrong.

    ``stopped`` is what becomes of the work after Ctrl-C.
    """
    arguments = sys.argv[1:]
    show_anywhere(sys.stdout)

    def act() -> int:
        if {"-h", "--help"} & set(arguments):
            print(manual)  # noqa: T201
            return 0
        try:
            for word in arguments:
                check_text(word)
            return main(arguments)
        except InputError as error:
            say(str(error))
        except BrokenPipeError:
            raise
        except OSError as error:
            say(f"{error.filename or 'a file'} can't be used ({error.strerror})")
        return 2

    finish(act, stopped)


def finish(act: Callable[[], Any], stopped: str) -> None:
    """Exit with what ``act`` returns: in silence where the reader has gone, after Ctrl-C in a line.

    Processes of ours that are still at work end, too.
    """
    try:
        try:
            code = act()
        except SystemExit as stop:
            code = stop.code
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still to be written at the end would raise again, where nobody can catch it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would come upon the way out
        print(f"stopped: {stopped}" if stopped else "stopped", file=sys.stderr)  # noqa: T201
        code = 128 + signal.SIGINT
    for child in active_children():
        child.terminate()
    sys.exit(code)


def check_text(word: str) -> None:
    """Raise ``InputError`` where a word's bytes are not text: it could be written nowhere."""
    try:
        word.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{word!r} is not text in UTF-8: give that file another name, or set PYTHONUTF8=1 if "
            "the terminal has another encoding"
        ) from error


def show_anywhere(stream: Any) -> None:
    """Print a question mark where a terminal does not know a letter."""
    stream.reconfigure(errors="replace")


def say(sentence: str) -> None:
    """Tell what went wrong, apart from the results."""
    print(f"error: {sentence}", file=sys.stderr)  # noqa: T201


def _value(field: Field[Any], text: str) -> Any:
    if field.type is not int:
        return text
    try:
        return int(text)
    except ValueError as error:
        raise InputError(f"{field.name}={text} is not a whole number: give one") from error
