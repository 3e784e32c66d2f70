"""Text in figures: captions and names are anybody's, in any script and of any length."""

from collections.abc import Iterable
from functools import cache
from textwrap import fill
from unicodedata import category, east_asian_width

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.text import Text

BASE = "DejaVu Sans"
"""Which matplotlib brings along."""

BOXES = "Last Resort"
"""Matplotlib's font that has a box for every letter."""

UNSEEN = ("Cc", "Cf", "Mn")
"""Categories of letters without a shape of their own: without a font they are left out."""

WIDE = 0.62
"""The width of a common letter, as a share of the font's size."""


def readable(text: str) -> bool:
    """Whether fonts of this machine have all its letters."""
    return all(_font_of(letter) for letter in _strange(text) if category(letter) not in UNSEEN)


def make_legible(figure: Figure) -> None:
    """Give each text the fonts that have its letters; one that no font has becomes "?"."""
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        fonts = {letter: _font_of(letter) for letter in _strange(text.get_text())}
        if not fonts:
            continue
        shown = {
            ord(s): "" if category(s) in UNSEEN else "?" for s, font in fonts.items() if not font
        }
        text.set_text(text.get_text().translate(shown))
        text.set_fontfamily([BASE, *sorted(set(filter(None, fonts.values())))])


def wrapped(text: str, inches: float, points: float) -> str:
    """In lines of about so many inches; matplotlib's own wrapping reads dollars as formulae."""
    width = max(10, int(72 * inches / (WIDE * points)))
    return fill(text, width, break_on_hyphens=False)


def cut(text: str, width: int) -> str:
    """In one line of at most ``width`` letters, of which wide ones count as two."""
    line, size = " ".join(text.split()), 0
    for end, letter in enumerate(line):
        size += 1 + (east_asian_width(letter) in "WF")
        if size > width:
            return f"{line[: end - 1].rstrip()}…"
    return line


def _strange(text: str) -> Iterable[str]:
    """The letters that the common font lacks."""
    return sorted(
        {letter for letter in text if letter != "\n" and ord(letter) not in _letters(BASE)}
    )


@cache
def _font_of(letter: str) -> str:
    """A family that has the letter; empty where there is none."""
    # Of the common weight and style, in which text is looked for.
    upright = [
        e for e in fontManager.ttflist if e.weight in (400, "normal") and e.style == "normal"
    ]
    names = sorted({entry.name for entry in upright if BOXES not in entry.name})
    return next((name for name in names if ord(letter) in _letters(name)), "")


@cache
def _letters(family: str) -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family=[family]))).get_charmap())
