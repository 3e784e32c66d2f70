"""Shows the progress of long commands: a bar on a terminal, a line every ten seconds in a file."""

import sys
from collections.abc import Iterable
from typing import Any, TypeVar, overload

from tqdm import tqdm

T = TypeVar("T")

EVERY = 10.0
"""Seconds between two lines in a file."""


def duration(seconds: float) -> str:
    """A duration as text: seconds below a minute, hours from 90 minutes on, otherwise minutes."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


class Lines(tqdm):  # pyright: ignore[reportMissingTypeArgument] (it takes none at run time)
    """Progress in plain lines; work that ends within ``EVERY`` seconds prints nothing."""

    said: int | None = None
    """The count in the last printed line; None before the first."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        slow = {"mininterval": EVERY, "delay": EVERY, "miniters": 1}
        super().__init__(*arguments, **options | slow)

    def display(self, *position: Any, **message: Any) -> None:
        """Write one line."""
        del position, message
        self.said = self.n
        counts = self.format_dict
        rate = counts["rate"] or (self.n - self.initial) / max(counts["elapsed"], 1e-9)
        many = f"{self.n} of {self.total}" if self.total else f"{self.n}"
        parts = [f"{many} {_plural(self.unit)}", _pace(rate) if rate else "", self.postfix]
        if self.total and rate and self.n < self.total:
            parts.insert(2, f"{duration((self.total - self.n) / rate)} left")
        name = f"{self.desc}: " if self.desc else ""
        print(f"{name}{', '.join(filter(None, parts))}", file=self.fp, flush=True)

    def close(self) -> None:
        """Write the last line, unless the work ended within ``EVERY`` seconds."""
        if not self.disable and self.said != self.n and self.format_dict["elapsed"] >= EVERY:
            self.display()
        self.disable = True


def _plural(unit: str) -> str:
    return f"{unit}es" if unit.endswith(("ch", "s")) else f"{unit}s"


def _pace(rate: float) -> str:
    """A rate per second, minute or hour: the first of these that makes it at least 1."""
    if rate >= 1:
        return f"{rate:.1f} a second"
    return f"{rate * 60:.1f} a minute" if rate * 60 >= 1 else f"{rate * 3600:.1f} an hour"


@overload
def bar(iterable: Iterable[T], **options: Any) -> "tqdm[T]": ...
@overload
def bar(iterable: None = None, **options: Any) -> "tqdm[Any]": ...
def bar(iterable: Any = None, **options: Any) -> Any:
    """Show progress on standard error, as a bar on a terminal or as lines; takes tqdm's options."""
    kind = tqdm if sys.stderr.isatty() else Lines
    return kind(iterable, **options)
