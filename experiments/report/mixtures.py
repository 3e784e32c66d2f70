"""Finds cells of one result set that were made or scored by different states of the code."""

from collections import defaultdict
from collections.abc import Iterator

from experiments.report.completeness import named
from experiments.store.result_set import ResultSet


def mixtures(result_set: ResultSet) -> Iterator[str]:
    """A sentence per kind of mixture; cells may use different modules, not two states of one."""
    states: defaultdict[str, set[str]] = defaultdict(set)
    for run in result_set.runs().values():
        for module, content in run.code.items():
            states[module].add(content)
    if changed := sorted(module for module, contents in states.items() if len(contents) > 1):
        yield (
            f"The cells were made by different code ({named(changed)} changed between them): a "
            "difference between cells may be that of the code."
        )
    scorers: defaultdict[str, set[str]] = defaultdict(set)
    for cell in result_set.cells:
        scorers[cell.config.metrics] |= {score.suite for score in cell.scores.values()}
    if any(len(digests) > 1 for digests in scorers.values()):
        yield (
            "The cells were scored by different code or networks: each cell's run, given again, "
            "scores it anew."
        )
