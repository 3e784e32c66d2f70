"""Command lines for people: errors as one sentence, names close to a misspelt one."""

import os
import sys
from collections.abc import Callable, Sequence

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from data.command_line import check_text, show_anywhere
from experiments.files import WriteError
from experiments.suggest import closest, explain
from pti.errors import InputError


def for_people(main: Callable[[], None]) -> None:
    """Run ``main``; print what the user can mend as a sentence and exit with 2."""
    os.environ["HYDRA_FULL_ERROR"] = "1"
    show_anywhere(sys.stdout)
    try:
        for word in sys.argv[1:]:
            check_text(word)
        main()
    except InputError as error:
        sys.exit(_say(str(error)))
    except (HydraException, OmegaConfBaseException) as error:
        sys.exit(_say(explain(error)))
    except WriteError as error:
        sys.exit(
            _say(
                f"{error.filename} can't be written ({error.strerror}): make room there, or choose "
                "another folder with results=... or cache=..."
            )
        )
    except OSError as error:
        if not error.filename:
            sys.exit(_say(str(error) or repr(error)))
        sys.exit(
            _say(
                f"{error.filename} can't be used ({error.strerror}): if results=..., cache=... or "
                "out=... names it, choose another place"
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
