"""Fits text into figures; captions and names may be in any script and of any length."""

from collections.abc import Iterable
from functools import cache
from textwrap import fill
from unicodedata import category, east_asian_width

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.text import Text

BASE = "DejaVu Sans"
"""The font that matplotlib includes."""

BOXES = "Last Resort"
"""Matplotlib's font of placeholder boxes, which has every letter."""

UNSEEN = ("Cc", "Cf", "Mn")
"""Unicode categories of characters without a glyph, which are dropped where no font has them."""

WIDE = 0.62
"""The width of an average letter, as a share of the font's size."""


def readable(text: str) -> bool:
    """Whether the fonts of this machine have all letters of ``text``."""
    return all(_font_of(letter) for letter in _strange(text) if category(letter) not in UNSEEN)


def make_legible(figure: Figure) -> None:
    """Set for each text the fonts that have its letters; a letter without a font becomes "?"."""
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
    """Text in lines of about ``inches`` at ``points``; matplotlib's wrapping parses dollars."""
    width = max(10, int(72 * inches / (WIDE * points)))
    return fill(text, width, break_on_hyphens=False)


def cut(text: str, width: int) -> str:
    """Text in one line of at most ``width`` letters; wide letters count as two."""
    line, size = " ".join(text.split()), 0
    for end, letter in enumerate(line):
        size += 1 + (east_asian_width(letter) in "WF")
        if size > width:
            return f"{line[: end - 1].rstrip()}…"
    return line


def _strange(text: str) -> Iterable[str]:
    """The letters that ``BASE`` lacks."""
    return sorted(
        {letter for letter in text if letter != "\n" and ord(letter) not in _letters(BASE)}
    )


@cache
def _font_of(letter: str) -> str:
    """The first font family that has the letter; empty where there is none."""
    # Only regular weight and style, in which figures set their text.
    upright = [
        e for e in fontManager.ttflist if e.weight in (400, "normal") and e.style == "normal"
    ]
    names = sorted({entry.name for entry in upright if BOXES not in entry.name})
    return next((name for name in names if ord(letter) in _letters(name)), "")


@cache
def _letters(family: str) -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family=[family]))).get_charmap())
