import re

import pytest

from experiments.table import WIDTH, Entry, Table, console, escape, escape_markdown, latex, markdown

TABLE = Table(
    "Odd_names & 95% of them.",
    ("method", "psnr[0,1] ↑", "n"),
    (
        (Entry("P_TI"), Entry("26.00", "[24.79, 27.39]", bold=True), Entry("16")),
        (Entry("NTI"), Entry("–"), Entry("0")),
    ),
    labels=1,
)


def wide(columns):
    entry = Entry("26.00", "[24.79, 27.39]")
    header = ("method", *(f"column {i}" for i in range(columns)))
    return Table("Wide.", header, ((Entry("PTI"), *[entry] * columns),), labels=1)


def test_markdown():
    assert markdown(TABLE) == (
        "**Odd_names & 95% of them.**\n\n"
        "| method | psnr[0,1] ↑ | n |\n"
        "| :-- | --: | --: |\n"
        "| P_TI | **26.00** [24.79, 27.39] | 16 |\n"
        "| NTI | – | 0 |\n"
    )


def test_latex_is_one_table_of_three_columns():
    lines = latex(TABLE).splitlines()
    rows = [line for line in lines if line.endswith(r"\\")]
    assert r"\begin{tabular}{lrr}" in lines
    assert [len(re.findall(r"(?<!\\)&", row)) for row in rows] == [2, 2, 2]
    assert r"\caption{Odd\_names \& 95\% of them.}" in lines
    assert rows[1] == r"P\_TI & \textbf{26.00} {\scriptsize [24.79, 27.39]} & 16 \\"
    assert [line for line in lines if "rule" in line] == [r"\toprule", r"\midrule", r"\bottomrule"]
    opened = re.findall(r"\\begin{(\w+)}", latex(TABLE))
    assert opened == re.findall(r"\\end{(\w+)}", latex(TABLE))[::-1]


def test_nothing_that_latex_would_read_as_its_own_survives():
    assert escape("a\\b{c}^~#$") == (
        r"a\textbackslash{}b\{c\}\textasciicircum{}\textasciitilde{}\#\$"
    )


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("folder_$x$|y", r"folder\_\$x\$\|y"),
        ("`a` *b* _c_ d_e", r"\`a\` \*b\* \_c\_ d_e"),
        ("<script> &lt; & [a](b) psnr[0,1]", r"\<script> \&lt; & [a]\(b) psnr[0,1]"),
        ("one\ntwo\n\n- three", "one two - three"),
    ],
)
def test_nothing_that_markdown_would_read_as_its_own_survives(text, escaped):
    assert escape_markdown(text) == escaped


def test_a_newline_ends_no_row_and_no_caption():
    odd = Table("a\n\nb", ("m", "n|n"), ((Entry("[x]\ny|z"), Entry("1")),), labels=1)
    assert latex(odd).count("\n\n") == 0
    assert console(odd).splitlines()[-1] == "[x] y|z    1"
    assert r"{}[x] y\textbar{}z & 1 \\" in latex(odd)
    assert markdown(odd).splitlines() == [
        "**a b**", "", r"| m | n\|n |", "| :-- | --: |", r"| [x] y\|z | 1 |",
    ]  # fmt: skip


def test_console_stars_what_is_bold():
    assert "26.00* [24.79, 27.39]" in console(TABLE)


@pytest.mark.parametrize("columns", [3, 5, 9, 14])
def test_console_never_exceeds_its_width(columns):
    lines = console(wide(columns)).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert sum(line.count("[24.79, 27.39]") for line in lines) == columns
    assert sum(line.count("26.00") for line in lines) == columns


def test_console_puts_intervals_beneath_where_that_makes_it_fit():
    assert "26.00 [24.79, 27.39]" in console(wide(4))
    stacked = console(wide(5))
    assert "26.00 [24.79, 27.39]" not in stacked
    assert stacked.count("PTI") == 1


def test_console_repeats_the_labels_in_every_block():
    assert console(wide(9)).count("PTI") == 3
