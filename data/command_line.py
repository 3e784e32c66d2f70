"""Command lines of this package: data sets from ``key=value`` words, errors as one sentence."""

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
"""The message after Ctrl-C for commands that can resume."""


def closest(word: str, known: Iterable[str]) -> str:
    """The question " Did you mean ...?" with the closest known word, or an empty text."""
    near = get_close_matches(word, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def parse(arguments: list[str]) -> dict[str, str]:
    """Values by key of ``key=value`` words; keys lose the prefixes ``data.`` and ``data.tasks.``.

    Raises ``InputError`` for a word without ``=``.
    """
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

    Raises ``InputError`` for an option that is not a field, and for a field without a value.
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
    """Exit with the code that ``main`` returns, or with 2 and a sentence where the input is wrong.

    ``manual`` is printed for ``--help``. ``stopped`` says after Ctrl-C what happens to the work.
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
    """Exit with the code that ``act`` returns, after ending child processes that still run.

    Prints nothing where the reader of the output has gone, and one line after Ctrl-C.
    """
    try:
        try:
            code = act()
        except SystemExit as stop:
            code = stop.code
        sys.stdout.flush()
    except BrokenPipeError:
        # Flushing at interpreter exit would raise again, where it can't be caught.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would interrupt the exit
        print(f"stopped: {stopped}" if stopped else "stopped", file=sys.stderr)  # noqa: T201
        code = 128 + signal.SIGINT
    for child in active_children():
        child.terminate()
    sys.exit(code)


def check_text(word: str) -> None:
    """Raise ``InputError`` where a word is not valid UTF-8, as no file could contain it."""
    try:
        word.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{word!r} is not text in UTF-8: give that file another name, or set PYTHONUTF8=1 if "
            "the terminal has another encoding"
        ) from error


def show_anywhere(stream: Any) -> None:
    """Make ``stream`` print a question mark for letters that the terminal can't show."""
    stream.reconfigure(errors="replace")


def say(sentence: str) -> None:
    """Print an error to standard error, apart from the results."""
    print(f"error: {sentence}", file=sys.stderr)  # noqa: T201


def _value(field: Field[Any], text: str) -> Any:
    if field.type not in (int, int | None):
        return text
    try:
        return int(text)
    except ValueError as error:
        raise InputError(f"{field.name}={text} is not a whole number: give one") from error
