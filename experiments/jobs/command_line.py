"""Command lines: errors as one sentence, and checks of options."""

import os
import sys
from collections.abc import Callable, Sequence

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from data.command_line import check_text, closest, finish, say, show_anywhere
from experiments.jobs.explain import explain
from experiments.store.atomic import WriteError
from pti.errors import InputError


def for_people(main: Callable[[], None], stopped: str = "") -> None:
    """Run ``main`` and exit: with 2, after one sentence, for an error that the user can mend.

    ``stopped`` is the sentence that is printed after Ctrl-C.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"
    show_anywhere(sys.stdout)

    def act() -> int:
        try:
            for word in sys.argv[1:]:
                check_text(word)
            main()
        except Exception as error:
            if (sentence := sentence_of(error)) is None:
                raise
            say(sentence)
            return 2
        return 0

    finish(act, stopped)


def sentence_of(error: Exception) -> str | None:
    """The sentence that tells the user how to mend an error; None where the error is a bug."""
    match error:
        case InputError():
            return str(error)
        case HydraException() | OmegaConfBaseException():
            return explain(error)
        case WriteError():
            return (
                f"{error.filename} can't be written ({error.strerror}): make room there, or choose "
                "another folder with results=... or cache=..."
            )
        case OSError(filename=None) if not isinstance(error, BrokenPipeError):
            return str(error) or repr(error)
        case OSError() if not isinstance(error, BrokenPipeError):
            return (
                f"{error.filename} can't be used ({error.strerror}): if results=..., cache=... or "
                "out=... names it, choose another place"
            )
        case _:
            return None


def options_of(words: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """``key=value`` words as a dictionary; raises ``InputError`` where one is not ``known``."""
    options: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if key not in known or not equals:
            expected = " ".join(f"{option}=..." for option in known)
            raise InputError(f"{word!r} is no option.{closest(key, known)} There are {expected}")
        options[key] = value
    return options
