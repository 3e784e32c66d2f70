"""What of a set of metrics can be measured: on this data, with the weights that are here."""

import logging
from collections.abc import Mapping, Sequence
from functools import cache

from data.task import Benchmark, Task, WithReferences
from eval.metric import Metric
from experiments.score.metric_set import MetricSet
from pti.errors import InputError

NEEDED = {
    "truth": ("the true edits", lambda task: task.counterfactual is not None),
    "changed": (
        "the regions that edits should change (of data=folder: the column mask)",
        lambda task: task.region is not None or task.counterfactual is not None,
    ),
    "target_class": ("a target class of each item", lambda task: task.target_class is not None),
}
"""What a metric may need of the data: in words, and whether an item has it."""

log = logging.getLogger(__name__)


def measurable(
    metrics: MetricSet, data: str, source: Benchmark, tasks: Sequence[Task]
) -> MetricSet:
    """The metrics of the set that can be measured, before the first picture.

    A set that is ``partial`` leaves out the others, and says so in the log, once a reason; an item
    that lacks what a metric needs is NaN. Raises ``InputError`` where another set has a metric that
    can't be measured, where nothing is left, and where the data set lacks pictures of its classes.
    """
    enough = any if metrics.partial else all
    lacking = {
        name: words
        for name, metric in metrics.metrics.items()
        for words, has in map(NEEDED.__getitem__, metric.needs)
        if tasks and not enough(map(has, tasks))
    }
    if not metrics.partial:
        for name, words in lacking.items():
            raise _lacking(data, metrics, metrics.metrics[name].quantity.id, words)
    chosen = metrics.without(lacking)
    _check_classes(chosen, data, source, tasks)
    reasons = {name: f"data={data} lacks {words}" for name, words in lacking.items()}
    reasons |= _unread(chosen.metrics) if metrics.partial else {}
    chosen = chosen.without(reasons)
    if metrics.metrics and not chosen.metrics:
        raise InputError(
            f"metrics={metrics.name} measures nothing here ({next(iter(reasons.values()))}): add "
            "metrics=reconstruction"
        )
    for reason in dict.fromkeys(reasons.values()):
        ids = [metrics.metrics[name].quantity.id for name, why in reasons.items() if why == reason]
        _tell(f"not measured: {', '.join(ids)}, because {reason}")
    _ = chosen.digests  # reads the weights
    return chosen


def _unread(metrics: Mapping[str, Metric]) -> dict[str, str]:
    """Why the weights of a metric can't be read, by its name."""
    reasons: dict[str, str] = {}
    for name, metric in metrics.items():
        try:
            metric.digest()
        except InputError as error:
            reasons[name] = str(error)
    return reasons


def _check_classes(metrics: MetricSet, data: str, source: Benchmark, tasks: Sequence[Task]) -> None:
    if metrics.network is None:
        return
    classes = {task.target_class for task in tasks}
    if classes and (None in classes or not isinstance(source, WithReferences)):
        raise _lacking(data, metrics, metrics.measures.classes[0].id, "pictures of target classes")
    if isinstance(source, WithReferences):
        for name in sorted(map(str, classes)):
            source.references(name)


def _lacking(data: str, metrics: MetricSet, quantity: str, lacking: str) -> InputError:
    return InputError(
        f"metrics={metrics.name} measures {quantity}, which needs {lacking}, and data={data} lacks "
        "them: add metrics=reconstruction, or another set of python -m experiments list metrics"
    )


@cache
def _tell(sentence: str) -> None:
    """Say it once a process: the cells of a sweep have the same metrics."""
    log.warning(sentence)
