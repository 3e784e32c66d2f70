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
    if several := sorted(name for name, by in _scorers(result_set).items() if len(by) > 1):
        yield (
            f"The cells were scored by different code or networks ({named(several)}): each cell's "
            "run, given again, scores it anew."
        )


def _scorers(result_set: ResultSet) -> dict[str, set[str]]:
    """The digests of what gave the values of each quantity."""
    scorers: defaultdict[str, set[str]] = defaultdict(set)
    for cell in result_set.cells:
        pairs = [pair for score in cell.scores.values() for pair in score.by.items()]
        pairs += [(name, line.by) for line in cell.classes.values() for name in line.values]
        for name, by in pairs:
            scorers[name].add(by)
    return scorers
