"""Metrics of single pictures, measured together where that is faster."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan

import torch

from eval.metric import Metric, Pictures, ReadsInput
from experiments.score.pictures import parts_for
from experiments.score.readings import Readings
from experiments.store.alone import alone_on


@dataclass(frozen=True)
class Measuring:
    """Measures on ``device``; ``digests`` are those of the metrics by id, for what is kept."""

    digests: Mapping[str, str]
    readings: Readings
    device: torch.device

    def __call__(
        self, metrics: Mapping[str, Metric], pictures: Sequence[Pictures]
    ) -> Iterator[dict[str, float]]:
        """The value of each metric by its id, of each picture; all must know the same of theirs."""
        for part in parts_for(self.device, pictures):
            with alone_on(self.device.type):
                batch = Pictures.together(part).to(self.device)
                columns = {id_: self._column(id_, metric, batch) for id_, metric in metrics.items()}
            for row in range(len(part)):
                yield {id_: column[row] for id_, column in columns.items()}

    def _column(self, id_: str, metric: Metric, pictures: Pictures) -> list[float]:
        """The metric of each picture; NaN where what it needs is not known of them."""
        if any(getattr(pictures, need) is None for need in metric.needs):
            return [nan] * len(pictures.output)
        if isinstance(metric, ReadsInput):
            read = self.readings.of(metric, self.digests[id_], pictures.source)
            return metric.compare(pictures, read).tolist()
        return metric(pictures).tolist()
