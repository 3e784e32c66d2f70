"""Whether an experiment can be shown as its layout, one of ``configs/layout/``, says."""

from omegaconf import DictConfig

from experiments.store.sources import module_of
from pti.errors import InputError


def check_layout(report: DictConfig) -> None:
    """Raise ``InputError`` where the layout takes a different number of fields.

    Also where a table or figure of it names a module that does not exist; none is imported.
    """
    count, takes = len(report.fields), report.takes
    if count < takes.least or (takes.most is not None and count > takes.most):
        number = f"{takes.least}" if takes.least == takes.most else f"{takes.least} or more"
        raise InputError(
            f"layout@report={report.name} can't show {count} of report.fields: it takes {number}; "
            "choose layout@report=rows"
        )
    for target in (report.tables, *filter(None, report.figures.values())):
        module_of(target)
