"""Makes the tables, figures and verdicts of an experiment from its files alone.

    python -m experiments.report experiment=table2 [model=scenes data=scenes results=results]
    python -m experiments.report experiment=all

Without ``model`` or ``data``, every result set of the experiment gets a report of its own;
``experiment=all`` reports every result set. ``report.html`` is for a browser, and
``results/index.html`` links all reports.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any
from urllib.parse import quote

from experiments.jobs.command_line import options_of
from experiments.report import departures
from experiments.report.by_tag import by_tag
from experiments.report.completeness import shortfalls
from experiments.report.coverage import coverage
from experiments.report.figures import draw
from experiments.report.from_jpeg import from_jpeg
from experiments.report.html.page import index, page
from experiments.report.mend import mend
from experiments.report.mixtures import mixtures
from experiments.report.paper import Paper, read_paper
from experiments.report.summary import Summary, summarise
from experiments.report.tables import tables_of
from experiments.report.verdicts import Graded, grade_against_truth, grade_claims
from experiments.store.atomic import read_lines, write_json, write_lines, write_text
from experiments.store.result_set import ResultSet, all_folders, find_result_sets
from experiments.table import WIDTH, Table, console, escape, escape_markdown, latex, markdown
from pti.errors import InputError

EVERY = "all"
PAGE, ENTRY, INDEX = "report.html", "entry.jsonl", "index.html"
"""Files: the report for a browser, its entry for the index, and the index of all reports."""

OPTIONS = ("experiment", "model", "data", "results")
INTERVALS = (
    "Intervals: 95% expanded percentile bootstrap over images, 10,000 resamples. A comparison is "
    "decided where the interval of the difference, paired by image, leaves 0 out and p < 0.05, by "
    "a sign-flip test (between curves and of classes, by the interval's own), corrected by Holm's "
    "rule for the number of a claim's comparisons, and never from fewer than 6 images. It is equal "
    "where the sign is open and the whole interval is closer to 0 than the smallest difference "
    "that matters."
)

OF_CLASSES = (
    "CSFID's intervals are Student's t by the jackknife: classes stay, and images are drawn anew "
    "within each, so that they say nothing about different classes, and need two images of each "
    "(the corrected one three)."
)

TRUTH = "The same claims against the truth"
ABOUT_TRUTH = (
    "Our measures, not the paper's: what was asked for, at the same value of what was to be kept. "
    "Differences are mean gaps between two curves, with pictures drawn anew for the interval."
)


def about_intervals(summary: Summary) -> list[str]:
    """What the intervals of these results are, and when a comparison is decided."""
    return [INTERVALS, *([OF_CLASSES] if summary.measures.classes else [])]


@dataclass(frozen=True)
class Report:
    """The content of the report on one result set, before it is written."""

    summary: Summary
    tables: list[Table]
    """Those of the layout."""
    kinds: list[Table]
    """Results by kind of item, and over the items for which metrics are defined."""
    claims: list[Graded]
    truths: list[Graded]
    """The same claims by our own measures."""
    shortfalls: list[str]

    @classmethod
    def of(cls, result_set: ResultSet, paper: Paper) -> "Report":
        """Summarise and grade a result set; raises ``InputError`` where it has no record."""
        result_set.check()
        summary = summarise(result_set, paper)
        tables = tables_of(summary), [*by_tag(summary), *coverage(summary)]
        graded = grade_claims(summary), grade_against_truth(summary)
        return cls(summary, *tables, *graded, shortfalls(summary))

    @property
    def every_table(self) -> list[Table]:
        """Those of the layout, the main one first, then those by kind of item and by coverage."""
        return [*self.tables, *self.kinds]

    def remarks(self) -> list[str]:
        """Sentences on missing results, departures, mixed code, intervals, and provenance."""
        missing = [*self.shortfalls, *mend(self.summary)]
        notes = [note for note in (self.summary.table.note,) if note]
        result_set = self.summary.result_set
        differs = [*departures.sentences(self.summary.named()), *mixtures(result_set)]
        lossy = from_jpeg(self.summary)
        intervals = about_intervals(self.summary)
        return [*missing, *differs, *lossy, *notes, *intervals, *made_by(result_set)]

    def markdown(self, figures: list[Path]) -> str:
        """The whole report as Markdown."""
        result_set = self.summary.result_set
        title = f"{result_set.experiment}: model {result_set.model}, data {result_set.data}"
        parts = [f"# {escape_markdown(title)}\n"]
        parts += [markdown(self.tables[0])]
        if self.claims:
            parts += ["## The paper's claims\n", *(claim_markdown(claim) for claim in self.claims)]
        if self.truths:
            parts += [f"## {TRUTH}\n", f"{ABOUT_TRUTH}\n", *map(claim_markdown, self.truths)]
        parts += ["## Remarks\n", "".join(f"- {escape_markdown(r)}\n" for r in self.remarks())]
        parts += [f"![{path.stem}]({path.name})\n" for path in figures]
        return "\n".join(parts + [markdown(table) for table in self.every_table[1:]])

    def latex(self) -> str:
        """All tables as LaTeX, then claims, those against the truth, and remarks as lists."""
        claims, truths = ([one.sentence() for one in part] for part in (self.claims, self.truths))
        lists = {"": claims, f"{TRUTH}. {ABOUT_TRUTH}": truths, "Remarks.": self.remarks()}
        parts = [f"{escape(head)}\n{_itemize(said)}" for head, said in lists.items() if said]
        return "\n".join([*map(latex, self.every_table), *parts])

    def console(self, folder: Path) -> str:
        """The main table, the verdicts, the remarks, and the paths of the page and the index."""
        lines = [console(self.tables[0]), ""]
        for title, claims in (("", self.claims), (f"{TRUTH}, by our measures:", self.truths)):
            lines += [title] * bool(title and claims)
            lines += [_hang(claim.sentence()) for claim in claims] + [""] * bool(claims)
        lines += [_hang(sentence) for sentence in self.remarks()]
        where = f"The whole report: {folder / PAGE}\nAll reports: {_results_of(folder) / INDEX}"
        return "\n".join([*lines, "", where, ""])

    def entry(self) -> dict[str, Any]:
        """The report's entry in the index."""
        result_set = self.summary.result_set
        return {
            "title": self.summary.table.title,
            "model": result_set.model,
            "data": result_set.data,
            "cells": len(result_set.cells),
            "verdicts": [claim.grade.verdict for claim in self.claims],
        }


def made_by(result_set: ResultSet) -> list[str]:
    """Sentences on precision, seed, code, versions and machines, from the cells' files."""
    config = result_set.cells[0].config
    sentences = [f"Precision {config.precision}, seed {config.seed}."]
    for run in result_set.runs().values():
        commit, machine = run.git["commit"] or "unknown", run.machine
        changed = " with uncommitted changes" if run.git["changed"] else ""
        where = machine["gpu"] or machine["processor"]
        sentences.append(
            f"Made by commit {commit[:10]}{changed}, torch {run.versions['torch']}, on {where}."
        )
    return list(dict.fromkeys(sentences))


def write(report: Report) -> Path:
    """Write every file of the report and the index of all reports; returns the report's folder."""
    summary = report.summary
    folder = summary.result_set.folder / "report"
    name = summary.result_set.experiment
    figures = draw(summary, folder)
    csv, tex, md = files = [folder / f"{name}.{kind}" for kind in ("csv", "tex", "md")]
    write_text(md, report.markdown(figures))
    write_text(tex, report.latex())
    long_form = summary.means.drop(columns="cell")
    write_text(csv, long_form.to_csv(index=False, float_format="%.8g"))
    truths = (TRUTH, ABOUT_TRUTH, report.truths)
    claims = (("The paper's claims", "", report.claims), truths)
    html = page(summary, report.every_table, claims, report.remarks(), [*files, *figures])
    write_text(folder / PAGE, html)
    graded = [*report.claims, *report.truths]
    write_json(folder / "claims.json", [one.as_json() for one in graded])
    write_lines(folder / ENTRY, [report.entry()])
    _write_index(_results_of(folder))
    return folder


def _results_of(folder: Path) -> Path:
    """The folder of all results that contains the report in ``folder``."""
    return folder.parents[2]


def _write_index(results: Path) -> int:
    """Write the index of all reports; returns their number."""
    reports = [
        entry | {"link": quote(path.with_name(PAGE).relative_to(results).as_posix())}
        for path in sorted(results.glob(f"*/*/report/{ENTRY}"))
        for entry in read_lines(path)
    ]
    write_text(results / INDEX, index(reports))
    return len(reports)


def parse(arguments: list[str]) -> dict[str, str]:
    """Values by key of ``key=value`` words.

    Raises ``InputError`` for an unknown key and where ``experiment`` is missing.
    """
    options = options_of(arguments, OPTIONS)
    if "experiment" not in options:
        raise InputError("say which experiment to report: experiment=table2")
    return options


def main() -> None:
    """Report every result set that the command line names."""
    options = parse(sys.argv[1:])
    results = Path(options.pop("results", "results"))
    if options["experiment"] == EVERY:
        _report_all(results, read_paper())
        return
    # Result sets without a record raise; they come last, so that the others are reported first.
    for result_set in sorted(find_result_sets(results, **options), key=lambda s: not s.cells):
        tell(result_set)


def tell(result_set: ResultSet) -> None:
    """Write the report of a result set, and print what is on its console."""
    report = Report.of(result_set, read_paper())
    print(report.console(write(report)))  # noqa: T201


def _report_all(results: Path, paper: Paper) -> None:
    """Report and link each result set; raises at the end where some could not be reported."""
    folders, errors = all_folders(results), list[Exception]()
    for folder in folders:
        try:
            result_set = ResultSet.read(folder)
            write(Report.of(result_set, paper))
            print(f"{result_set.experiment}: model {result_set.model}, data {result_set.data}")  # noqa: T201
        except Exception as error:  # noqa: BLE001 (raised after the others are reported)
            print(f"left out: {folder} ({error})", file=sys.stderr)  # noqa: T201
            errors.append(error)
    print(f"{_write_index(results)} reports are linked in {results / INDEX}")  # noqa: T201
    for error in errors:
        if not isinstance(error, InputError):
            raise error
    if errors:
        raise InputError(
            f"{len(errors)} of {len(folders)} result sets are left out, as said above"
        ) from errors[0]


def claim_markdown(claim: Graded) -> str:
    """The claim's sentence, with a table of its comparisons where there are several."""
    sentence = f"- {escape_markdown(claim.sentence())}\n"
    parts = claim.grade.parts
    if len(parts) == 1:
        return sentence
    rows = [
        f"  | {escape_markdown(f'{part.better} against {part.worse}')} | {part.verdict} "
        f"| {claim.shown(part.difference)} | {part.difference.n} |"
        for part in parts
    ]
    head = ["  | comparison | verdict | difference | n |", "  | :-- | :-- | --: | --: |"]
    return "\n".join([sentence, *head, *rows, ""])


def _itemize(sentences: list[str]) -> str:
    items = [rf"\item {escape(sentence)}" for sentence in sentences]
    return "\n".join([r"\begin{itemize}", *items, r"\end{itemize}", ""])


def _hang(sentence: str) -> str:
    """A list item wrapped to the console's width; a command stays in one line, to be copied."""
    said, command, words = sentence.partition("python -m ")
    lines = fill(said, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
    return f"{lines}\n  {command}{words}" if command else lines
