"""Each check of ``experiments.conformance`` catches a method that was broken for it."""

from dataclasses import dataclass, field, replace

import pytest
import torch
from hydra.utils import instantiate

from baselines.ddim import Ddim
from experiments.conformance.command import CHECKS, Subject, conform, main, shortened
from experiments.run.oracles import Oracle
from pti.diffusion.editing import SampleTarget
from pti.diffusion.trace import Trace
from pti.method import Method
from tests.e2e.test_configs import METHODS, composed, places_of
from tests.tiny import edit_batch, tiny_batch, tiny_model

TRACE = Trace(steps=3)


@dataclass(frozen=True)
class Broken:
    """DDIM inversion with something wrong."""

    trace: Trace = TRACE
    inner: Ddim = field(default_factory=lambda: Ddim(TRACE, omega=2.0))

    def schedule(self, model):
        return self.trace.schedule(model)

    def __call__(self, model, batch):
        found = self.inner(model, batch)
        return replace(found, **self.wrong(model, found))

    def wrong(self, model, found):
        raise NotImplementedError


class Shifted(Broken):
    def wrong(self, model, found):  # noqa: ARG002
        return {"path": found.path + 1e-3}


class Averaged(Broken):
    def wrong(self, model, found):  # noqa: ARG002
        return {"retraced": found.retraced.mean(0, keepdim=True).expand_as(found.retraced)}


class Unseeded(Broken):
    def wrong(self, model, found):  # noqa: ARG002
        return {"retraced": found.retraced + torch.randn_like(found.retraced)}


class Trains(Broken):
    def wrong(self, model, found):  # noqa: ARG002
        with torch.no_grad():
            next(model.unet.parameters()).add_(1e-3)
        return {}


class Uncounted(Broken):
    def wrong(self, model, found):
        z, context = found.path[:, -1], found.cond[:, 0]
        with torch.no_grad():
            model.unet(z, 500, encoder_hidden_states=context)
        return {}


class Hooked(Broken):
    def wrong(self, model, found):  # noqa: ARG002
        model.unet.register_forward_hook(lambda *_: None)
        return {}


class Inexact(Broken):
    exact = True

    def wrong(self, model, found):  # noqa: ARG002
        return {"retraced": found.retraced + 0.01}


class Raises(Broken):
    def wrong(self, model, found):  # noqa: ARG002
        raise ValueError("no such latent")


def subject(invert):
    return Subject(Method("broken", invert, SampleTarget()), tiny_model(), tiny_batch())


@pytest.mark.parametrize(
    ("check", "broken"),
    [
        ("shapes", Shifted),
        ("batch", Averaged),
        ("repeats", Unseeded),
        ("model", Trains),
        ("model", Hooked),
        ("counts", Uncounted),
        ("cache", Unseeded),
        ("exact", Inexact),
    ],
)
def test_a_broken_method_is_caught(check, broken):
    found, _ = CHECKS[check]
    assert found(subject(Ddim(TRACE))).holds
    assert not found(subject(broken())).holds


def test_a_reconstruction_above_the_ceiling_is_caught(monkeypatch):
    check, _ = CHECKS["ceiling"]
    good = subject(Ddim(TRACE))
    assert check(good).holds
    best = good.model.decode(good.model.encode(good.batch.images))
    leaked = replace(good, batch=replace(good.batch, images=1 - best))
    calls = iter([leaked.batch.images + 1e-4, best])
    monkeypatch.setattr(type(good.model), "decode", lambda *_: next(calls))
    assert not check(leaked).holds


def test_what_a_method_raises_fails_its_checks_and_not_the_others():
    found = dict(conform(subject(Raises())))
    assert set(found) == set(CHECKS)
    assert [name for name, finding in found.items() if finding.holds] == ["exact"]
    assert "ValueError('no such latent') at " in found["shapes"].measured
    assert "test_conformance.py:" in found["shapes"].measured


@pytest.mark.parametrize("name", METHODS)
def test_every_method_of_configs_conforms(name, monkeypatch):
    monkeypatch.setattr("experiments.conformance.command.STEPS", 3)
    config = composed(f"method={name}", *places_of(name)).method
    if "iterations" in config.get("invert", {}):
        config.invert.iterations = 1
    method = instantiate(config)
    if isinstance(method, Oracle):
        pytest.skip("an oracle inverts nothing")
    found = conform(Subject(shortened(method), tiny_model(), edit_batch(3)))
    assert {name: finding.measured for name, finding in found if not finding.holds} == {}


def test_an_oracle_is_said_to_be_none(monkeypatch):
    monkeypatch.setattr("sys.argv", ["conformance", "method=copy"])
    with pytest.raises(Exception, match="is an oracle: it inverts nothing"):
        main()
