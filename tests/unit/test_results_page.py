"""The pages of results are of the shipped weights and today's settings, the README of them."""

import re

import pytest

from data.scenes.embedded import MODEL
from experiments.collect import command
from experiments.collect.command import settings_digest
from experiments.jobs.plan import plan
from experiments.reproduce.command import SUITES
from tests.e2e.documents import REPOSITORY

PAGES = {name: (REPOSITORY / f"docs/{name}.md").read_text("utf-8") for name in command.PAGES}
SECTIONS = [one for page in PAGES.values() for one in page.split("\n## ")[1:]]
SHOWN = {f"experiment={name}" for page in command.PAGES.values() for name, _ in page.sections}
WORDS = [own for suite in SUITES.values() for own in suite if own[0] in SHOWN]
VERDICTS = ("reproduced", "equal", "undecided", "contradicted")


def test_every_section_is_of_the_shipped_weights():
    (weights,) = re.findall(r"sha256 `(\S+)`", (MODEL / "README.md").read_text("utf-8"))
    assert len(SECTIONS) == len(WORDS)
    assert [one for one in SECTIONS if f"Weights {weights};" not in one] == []


@pytest.mark.parametrize("own", WORDS, ids=" ".join)
def test_every_experiment_is_there_as_it_would_run_today(own):
    digest = settings_digest(plan(list(own)))
    assert [one for one in SECTIONS if f"settings {digest}." in one]


def test_the_page_begins_as_it_would_be_written_today():
    head, _, _ = PAGES["results"].partition("\n## ")
    about = command.PAGES["results"].about
    assert head == f"{about}\n{command.INTERVALS} {command.OF_CLASSES}\n"


def test_the_readme_says_no_verdict_that_the_page_does_not():
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    verdict = re.compile(rf"\): ({'|'.join(VERDICTS)})\b")
    said = [line for line in readme.splitlines() if verdict.search(line)]
    assert said
    assert [line for line in said if line not in PAGES["results"]] == []


@pytest.mark.parametrize(
    ("heading", "name", "least"),
    [("Inversions compared", "inversions", 40), ("Inversions by editors", "grid", 8)],
)
def test_the_readme_has_no_number_that_the_page_has_not(heading, name, least):
    """But for the caption's: decimals of two places, without their sign."""
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    _, _, part = readme.partition(f"## {heading}")
    said = set(re.findall(r"\b\d+\.\d\d\b", part.partition("\n## ")[0].replace("2.15", "")))
    assert len(said) >= least
    page = set(re.findall(r"\d+\.\d\d\d?", PAGES[name]))
    rounded = {f"{float(number):.2f}" for number in page}
    assert said - rounded == set()
