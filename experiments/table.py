"""A table, and its three forms: Markdown, LaTeX, and text for a console of 100 columns."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

WIDTH = 100
GAP = "  "
LATEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "−": r"$-$",
        "↑": r"$\uparrow$",
        "↓": r"$\downarrow$",
        "–": "--",
    }
)


@dataclass(frozen=True)
class Entry:
    """One entry of a table: its main text, and the interval beside or beneath it."""

    text: str
    detail: str = ""
    bold: bool = False

    def on_console(self) -> str:
        """The text in one line; a star marks bold."""
        line = " ".join(self.text.split())
        return f"{line}*" if self.bold else line


@dataclass(frozen=True)
class Table:
    """Rows of entries; the first ``labels`` columns name a row. ``notes`` follow the table."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]
    labels: int
    notes: tuple[str, ...] = ()


def markdown(table: Table) -> str:
    """A pipe table under its caption."""
    align = [":--" if column < table.labels else "--:" for column in range(len(table.header))]
    header = map(escape_markdown, table.header)
    lines = [header, align, *([_markdown(entry) for entry in row] for row in table.rows)]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    notes = "".join(f"\n{escape_markdown(note)}\n" for note in table.notes)
    return f"**{escape_markdown(table.caption)}**\n\n{body}\n{notes}"


def _markdown(entry: Entry) -> str:
    text = escape_markdown(entry.text)
    return f"{f'**{text}**' if entry.bold else text} {entry.detail}".strip()


MARKS = re.compile(
    r"""[\\`*|<~$]      # code, emphasis, columns, tags, strikes and formulae, wherever they stand
    | (?<!\w)_ | _(?!\w)  # between letters it is a letter
    | (?<=])(?=\()        # a link
    | &(?=\#?\w+;)        # a character's name
    """,
    re.VERBOSE,
)


def escape_markdown(text: str) -> str:
    """Plain text as one line of GitHub's Markdown."""
    return MARKS.sub(r"\\\g<0>", " ".join(text.split()))


def latex(table: Table) -> str:
    r"""A ``table`` environment that needs ``\usepackage{booktabs}``."""
    columns = "l" * table.labels + "r" * (len(table.header) - table.labels)
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escape(table.caption)}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            rf"{' & '.join(escape(name) for name in table.header)} \\",
            r"\midrule",
            *(rf"{' & '.join(_latex(entry) for entry in row)} \\" for row in table.rows),
            r"\bottomrule",
            r"\end{tabular}",
            *(rf"\par\medskip{{\footnotesize {escape(note)}\par}}" for note in table.notes),
            r"\end{table}",
            "",
        ]
    )


def _latex(entry: Entry) -> str:
    text = rf"\textbf{{{escape(entry.text)}}}" if entry.bold else escape(entry.text)
    return rf"{text} {{\scriptsize {entry.detail}}}" if entry.detail else text


def escape(text: str) -> str:
    """Plain text as one line of LaTeX, where an empty line would end a caption."""
    line = " ".join(text.split()).translate(LATEX)
    # Without the braces, LaTeX reads a leading bracket as an option of the preceding command.
    return f"{{}}{line}" if line.startswith("[") else line


def console(table: Table) -> str:
    """Text with intervals beside their values, or beneath them where only that fits the width.

    Tables that are too wide for both are split into blocks of columns.
    """
    beside = [[[f"{e.on_console()} {e.detail}".strip()] for e in row] for row in table.rows]
    beneath = [
        [[e.on_console(), *([e.detail] * bool(e.detail))] for e in row] for row in table.rows
    ]
    narrow = len(list(_blocks(table, beneath))) == 1 < len(list(_blocks(table, beside)))
    rows = beneath if narrow else beside
    blocks = _blocks(table, rows)
    body = "\n\n".join("\n".join(_block(table, rows, columns)) for columns in blocks)
    notes = [line for note in table.notes for line in ["", *wrap(note, WIDTH)]]
    return "\n".join([*wrap(table.caption, WIDTH), "", body, *notes])


Lines = list[list[list[str]]]
"""Lines of text, by row and column."""


def _blocks(table: Table, rows: Lines) -> Iterator[list[int]]:
    """Blocks of columns that fit the width; each begins with the label columns."""
    labels = list(range(table.labels))
    block = labels
    for column in range(table.labels, len(table.header)):
        if sum(_width(table, rows, i) + len(GAP) for i in [*block, column]) > WIDTH + len(GAP):
            yield block
            block = labels
        block = [*block, column]
    yield block


def _block(table: Table, rows: Lines, columns: list[int]) -> Iterator[str]:
    header = [
        wrap(table.header[i], _width(table, rows, i), break_long_words=False) for i in columns
    ]
    depth = max(len(lines) for lines in header)
    header = [[""] * (depth - len(lines)) + lines for lines in header]
    widths = [_width(table, rows, i) for i in columns]
    yield from _row(table, header, widths)
    yield "-" * (sum(widths) + len(GAP) * (len(widths) - 1))
    for row in rows:
        yield from _row(table, [row[i] for i in columns], widths)


def _row(table: Table, cells: list[list[str]], widths: list[int]) -> Iterator[str]:
    for line in range(max(len(cell) for cell in cells)):
        texts = [cell[line] if line < len(cell) else "" for cell in cells]
        padded = [
            text.ljust(width) if column < table.labels else text.rjust(width)
            for column, (text, width) in enumerate(zip(texts, widths, strict=True))
        ]
        yield GAP.join(padded).rstrip()


def _width(table: Table, rows: Lines, column: int) -> int:
    """The width of the widest entry, or of the header wrapped at about ten letters."""
    name = wrap(table.header[column], 10, break_long_words=False)
    return max(len(line) for line in [*name, *(line for row in rows for line in row[column])])
