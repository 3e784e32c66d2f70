"""Command lines for people: errors as one sentence, names close to a misspelt one."""

import os
import sys
from collections.abc import Callable, Sequence

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from experiments.suggest import closest, explain
from pti.errors import InputError


def for_people(main: Callable[[], None]) -> None:
    """Run ``main``; print what the user can mend as a sentence and exit with 2."""
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        main()
    except InputError as error:
        sys.exit(_say(str(error)))
    except (HydraException, OmegaConfBaseException) as error:
        sys.exit(_say(explain(error)))
    except OSError as error:
        where = error.filename or "a file"
        sys.exit(
            _say(
                f"{where} can't be used ({error.strerror}): make room there, or choose another "
                "folder with results=... or cache=..."
            )
        )


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


def _say(sentence: str) -> int:
    print(f"error: {sentence}", file=sys.stderr)  # noqa: T201
    return 2
