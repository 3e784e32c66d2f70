"""Any script, length and sign in a figure's text."""

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager, get_font
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.trial import create_trial
from PIL import Image

from experiments.edit.command import draw
from experiments.report import lettering
from experiments.report.figures import STYLE
from experiments.report.lettering import cut, make_legible, readable, wrapped
from experiments.search.command import Search, _draw


@pytest.fixture(autouse=True)
def fonts(monkeypatch):
    """Those that matplotlib brings along, whatever else the machine has."""
    own = [entry for entry in fontManager.ttflist if "mpl-data" in entry.fname]
    monkeypatch.setattr(fontManager, "ttflist", own)
    lettering._font_of.cache_clear()
    yield
    lettering._font_of.cache_clear()


def drawn(text):
    """What becomes of a text once its figure is made legible and drawn; a warning fails."""
    with mpl.rc_context(STYLE):
        figure = Figure()
        title = figure.suptitle(text)
        make_legible(figure)
        figure.canvas.draw()
    return title


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a cat, 5 \u2264 6, caf\u00e9", "a cat, 5 \u2264 6, caf\u00e9"),
        ("$x$ costs $5_{", "$x$ costs $5_{"),
        ("\u732b and \U0001f697", "? and ?"),
        ("zero\u200bwidth\x07", "zero\u200bwidth"),
    ],
)
def test_what_no_font_has_is_a_question_mark(text, shown):
    title = drawn(text)
    assert title.get_text() == shown
    assert readable(text) == ("?" not in shown)


def test_a_letter_takes_a_font_that_has_it():
    letter = next(
        chr(code)
        for code in sorted(get_font(lettering.findfont("STIXGeneral")).get_charmap())
        if code > 0x2000 and code not in lettering._letters("DejaVu Sans")
    )
    assert readable(letter)
    title = drawn(f"a {letter}")
    assert title.get_text() == f"a {letter}"
    assert title.get_fontfamily()[0] == "DejaVu Sans"
    assert len(title.get_fontfamily()) == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a  b\nc", "a b c"), ("abcdefgh", "abcdefgh"), ("abcdefghi", "abcdefg…"),
     ("\u732b" * 4, "\u732b" * 4), ("\u732b" * 5, "\u732b" * 3 + "…")],
)  # fmt: skip
def test_wide_letters_count_as_two(text, shown):
    assert cut(text, 8) == shown


def test_a_title_is_wrapped_at_its_figure_s_width():
    lines = wrapped("folder_" + "x" * 100 + " a b", 3.0, 9).splitlines()
    assert len(lines) > 2
    assert "".join(lines).replace(" ", "") == "folder_" + "x" * 100 + "ab"


def test_a_search_s_logarithmic_axis_has_no_formulae():
    space = {"lr": {"low": 0.001, "high": 1.0, "log": True}}
    distributions: dict[str, BaseDistribution] = {"lr": FloatDistribution(0.001, 1.0, log=True)}
    trials = [
        create_trial(params={"lr": lr}, distributions=distributions, value=1.0)
        for lr in (0.002, 0.5)
    ]
    with mpl.rc_context(STYLE):
        figure = _draw(trials, Search("psnr", space, (), 2), 0)
        figure.canvas.draw()
    said = {label.get_text() for label in figure.axes[1].get_xticklabels()}
    assert "1e\N{MINUS SIGN}02" in said
    assert not any("$" in text for text in said)


def test_the_sheet_of_an_edit_takes_any_prompt():
    picture = Image.new("RGB", (40, 30))
    with mpl.rc_context(STYLE):
        figure = draw({"before": picture, "after": picture}, "from $5 to $6_{ \u732b " * 4)
        figure.canvas.draw()
    (title,) = [text for text in figure.texts if "$5" in text.get_text()]
    assert title.get_text().count("$6_{ ?") == 4
    assert "\n" in title.get_text()
