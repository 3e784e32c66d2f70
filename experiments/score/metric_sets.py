"""The suites, which are the sets of metrics that ``metrics=`` selects by name."""

import json
from dataclasses import dataclass
from hashlib import sha256

from data.command_line import closest
from eval.csfid import CORRECTED_BELOW_ZERO
from eval.edits import BESIDE_TRUTH, PSNR_OUTSIDE, PSNR_TO_TRUTH
from eval.feature_network import FeatureNetwork
from eval.inception import Inception
from eval.lpips import Lpips
from eval.metric import Metric, Quantity, to_source
from eval.psnr import MSE, PSNR
from eval.ssim import SSIM
from experiments.score.scene_metrics import ACCURACY, PERCEPT, SceneFeatures
from experiments.store.sources import digest, sources
from pti.errors import InputError

SCORING = tuple(
    f"experiments.score.{name}" for name in ("class_means", "metric_sets", "scene_metrics", "score")
)
"""The modules of ``experiments`` that affect scores; so does all of ``eval`` that they import."""


@dataclass(frozen=True)
class Suite:
    """A set of metrics of single pictures, and the network whose features compare classes.

    ``metrics`` are in the order of tables. ``asked`` are the first of them: they measure whether an
    edit is what was asked for. ``near`` and ``reached`` are the axes of a trade-off curve: how far
    a result is from its input, and how far from what was asked for; lower is better for both.
    ``kept`` are further metrics of the first table of edits. ``lpips`` is the network of the LPIPS
    metric, where the suite has one.
    """

    metrics: tuple[Metric, ...]
    network: FeatureNetwork | None = None
    lpips: Lpips | None = None
    near: Metric | None = None
    asked: tuple[Metric, ...] = ()
    kept: tuple[Metric, ...] = ()

    @property
    def of_classes(self) -> tuple[Quantity, ...]:
        """The quantities of all results for one target class together."""
        if self.network is None:
            return ()
        name = self.network.id
        return (
            Quantity(f"csfid-{name}", higher_is_better=False, decimals=2),
            Quantity(
                f"csfid-corrected-{name}",
                higher_is_better=False,
                decimals=2,
                below_zero=CORRECTED_BELOW_ZERO,
            ),
        )

    @property
    def of_all(self) -> tuple[Quantity, ...]:
        """The quantities of all results together."""
        if self.network is None:
            return ()
        return (
            Quantity(f"sfid-{self.network.id}", higher_is_better=False, decimals=2),
            Quantity(f"fid-to-inputs-{self.network.id}", higher_is_better=False, decimals=2),
        )

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """All quantities in the order of tables: those of what was asked for come first."""
        others = self.metrics[len(self.asked) :]
        return (*self.asked, *self.of_classes, *others, *self.of_all)

    @property
    def reached(self) -> Quantity | None:
        """CSFID as in FlexIT, without correction; None where no classes are compared."""
        return self.of_classes[0] if self.of_classes else None

    @property
    def needs_truth(self) -> bool:
        """Whether one of the metrics compares with the true edit."""
        return PSNR_TO_TRUTH in self.metrics

    @property
    def headline(self) -> list[Quantity]:
        """The quantities of the first table of edits; empty where no classes are compared."""
        wanted = {*self.asked, *self.of_classes, self.near, *self.kept}
        return [q for q in self.quantities if q in wanted] if self.network else []

    def digest(self) -> str:
        """A digest of the metrics' names, their code, and the weights of the feature network."""
        weights = "" if self.network is None else self.network.digest()
        names = [metric.id for metric in self.metrics]
        about = [names, weights, digest(sources(SCORING))]
        return sha256(json.dumps(about).encode()).hexdigest()

    def check_weights(self) -> None:
        """Read the networks' weights, so that a run without them fails before its first picture.

        Raises ``InputError`` where a file is missing or has the wrong content.
        """
        if self.lpips is not None:
            self.lpips.load()
        if self.network is not None:
            self.network.digest()

    def quantity(self, name: str) -> Quantity | None:
        """The quantity with that id; None where the suite does not have it."""
        return next((quantity for quantity in self.quantities if quantity.id == name), None)


def suite(name: str) -> Suite:
    """The suite of that name; raises ``InputError`` where the name is unknown.

    This reads no file: a network loads its weights when it is first used.
    """
    if name not in SUITES:
        known = ", ".join(SUITES)
        raise InputError(f"metrics={name} is unknown.{closest(name, SUITES)} There are {known}")
    return SUITES[name]


def _photographs(lpips: Lpips, network: Inception) -> Suite:
    """A suite for edits of photographs, with LPIPS as the distance to the input."""
    near = _metric_of(lpips)
    return Suite((near, PSNR, SSIM, MSE), network, lpips, near)


def _without_classes(lpips: Lpips) -> Suite:
    return Suite((PSNR, SSIM, MSE, _metric_of(lpips)), lpips=lpips)


def _metric_of(lpips: Lpips) -> Metric:
    return Metric(lpips.id, False, 3, to_source(lpips))


SUITES = {
    "reconstruction": Suite((PSNR, SSIM, MSE)),
    "lpips": _without_classes(Lpips()),
    "scenes": Suite(
        (ACCURACY, PSNR_TO_TRUTH, PERCEPT, *BESIDE_TRUTH, PSNR, SSIM, MSE),
        SceneFeatures(),
        near=PERCEPT,
        asked=(ACCURACY, PSNR_TO_TRUTH),
        kept=(PSNR_OUTSIDE,),
    ),
    "photographs": _photographs(Lpips(), Inception()),
    "photographs_512": _photographs(Lpips(size=512), Inception()),
    "photographs_vgg": _photographs(Lpips("vgg"), Inception()),
    "photographs_squeeze": _photographs(Lpips("squeeze"), Inception()),
    "photographs_clean_fid": _photographs(Lpips(), Inception("clean-fid")),
}
