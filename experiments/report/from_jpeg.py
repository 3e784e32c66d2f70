"""Says which cells have results that were read from JPEG files."""

from collections.abc import Iterator

from experiments.report.summary import Summary


def from_jpeg(summary: Summary) -> Iterator[str]:
    """A sentence per cell: JPEG has changed these pictures under every metric of them."""
    for name, cell in summary.named():
        if count := sum(cell.records[key].from_jpeg for key in cell.done):
            yield (
                f"{name}: {count} of {len(cell.done)} pictures were imported from JPEG files, and "
                "all metrics measure them so, also those without jpeg in their names."
            )
