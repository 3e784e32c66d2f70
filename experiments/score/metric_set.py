"""A set of metrics, as ``configs/metrics/`` has it: ``metrics=`` chooses one by name."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from data.command_line import closest
from eval.csfid import CORRECTED_BELOW_ZERO
from eval.feature_network import FeatureNetwork
from eval.metric import Metric
from eval.quantity import Quantity
from experiments.store.formats import Score
from experiments.store.measures import Measures
from experiments.store.sources import digest, module_of, sources
from pti.errors import InputError

SCORING = tuple(f"experiments.score.{name}" for name in ("measuring", "pictures", "readings"))
"""The modules that every value passes through."""


@dataclass(frozen=True)
class MetricSet:
    """Metrics of single pictures by name, and the network whose features compare classes.

    ``settings`` is the configuration that they were made from. ``left_out`` are metrics of a set
    that is ``partial`` which can't be measured here.
    """

    metrics: dict[str, Metric]
    network: FeatureNetwork | None
    settings: dict[str, Any]
    left_out: dict[str, Metric] = field(default_factory=dict)

    @classmethod
    def of(cls, config: DictConfig) -> "MetricSet":
        """The set that a configuration describes; no weights are read.

        Raises ``InputError`` where a role names a metric that is not there, or where two metrics
        have one id.
        """
        made: dict[str, Metric] = {
            str(name): instantiate(node) for name, node in config.pictures.items()
        }
        network: FeatureNetwork | None = instantiate(config.classes)
        settings: Any = OmegaConf.to_container(config)
        if config.kept is not None and not isinstance(config.kept, str):
            raise InputError(
                f"metrics={config.name} has kept: {config.kept}: name one metric, or null"
            )
        for name in filter(None, (config.near, config.kept, *config.asked)):
            if name not in made:
                raise InputError(
                    f"metrics={config.name} has no metric {name!r} in pictures."
                    f"{closest(name, made)} There are {', '.join(made)}"
                )
        chosen = cls(made, network, settings)
        ids = [one.id for one in chosen.measures.quantities]
        if twice := next((name for name in ids if ids.count(name) > 1), None):
            raise InputError(
                f"metrics={config.name} has {twice} twice: leave one out, or give them settings "
                "that their ids tell apart"
            )
        return chosen

    @property
    def name(self) -> str:
        """The name of the set."""
        return self.settings["name"]

    @property
    def by_id(self) -> dict[str, Metric]:
        """The metrics by the ids of their quantities."""
        return {metric.quantity.id: metric for metric in self.metrics.values()}

    @property
    def partial(self) -> bool:
        """Whether metrics that can't be measured are left out, in place of an error."""
        return self.settings.get("partial", False)

    def without(self, names: Collection[str]) -> "MetricSet":
        """The set with the metrics of these names left out."""
        kept = {name: one for name, one in self.metrics.items() if name not in names}
        gone = {name: one for name, one in self.metrics.items() if name in names}
        return replace(self, metrics=kept, left_out=self.left_out | gone)

    def beside(self, scores: Iterable[Score]) -> Measures:
        """The measures of the set, and those left out that ``scores`` already have."""
        have = {id_ for score in scores for id_ in score.values}
        every = self.metrics | self.left_out
        shown = {
            name: every[name]
            for name in self.settings["pictures"]
            if name in self.metrics or (name in every and every[name].quantity.id in have)
        }
        return replace(self, metrics=shown).measures

    @property
    def measures(self) -> Measures:
        """The quantities and their roles, as a cell stores them."""
        ids = {name: metric.quantity.id for name, metric in self.metrics.items()}
        near, kept = (ids.get(self.settings[role]) for role in ("near", "kept"))
        return Measures(
            name=self.name,
            pictures=tuple(metric.quantity for metric in self.metrics.values()),
            classes=() if self.network is None else self._of_classes(self.network.id),
            everything=() if self.network is None else _of_everything(self.network),
            near=near,
            asked=tuple(ids[name] for name in self.settings["asked"] if name in ids),
            kept=kept,
            settings=self.settings,
        )

    def _of_classes(self, network: str) -> tuple[Quantity, ...]:
        plain = Quantity(f"csfid-{network}", False, 2, matters=self.settings["matters"])
        id_ = f"csfid-corrected-{network}"
        return plain, replace(plain, id=id_, below_zero=CORRECTED_BELOW_ZERO)

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """A digest of each metric's settings, code and weights, by the id of its quantity.

        Reads the weights, also those of the network, so that a run without them fails before its
        first picture: raises ``InputError`` where a file is missing or has the wrong content.
        """
        digests = {
            metric.quantity.id: _digest(self.settings["pictures"][name], metric)
            for name, metric in self.metrics.items()
        }
        if self.network is not None:
            self.network.digest()
        return digests


def _digest(settings: Mapping[str, Any], metric: Metric) -> str:
    code = digest(sources((module_of(settings["_target_"]), type(metric).__module__, *SCORING)))
    about = json.dumps([settings, code, metric.digest()], sort_keys=True)
    return sha256(about.encode()).hexdigest()[:16]


def _of_everything(network: FeatureNetwork) -> tuple[Quantity, ...]:
    return (
        Quantity(f"sfid-{network.id}", higher_is_better=False, decimals=2),
        Quantity(f"fid-to-inputs-{network.id}", higher_is_better=False, decimals=2),
    )
