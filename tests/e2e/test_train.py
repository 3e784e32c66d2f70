"""The recipe of the embedded model, cut to a few steps."""

import sys
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL

from data.scenes import train
from data.scenes.embedded import MODEL
from data.scenes.fit import Plan, fit
from pti.diffusion.load import from_pretrained

FEW = {
    "decoder": Plan("decoder", steps=2, batch=4, lr=1e-3),
    "classifier": Plan("classifier", steps=2, batch=4, lr=1e-3),
    "diffusion": Plan("diffusion", steps=2, batch=4, lr=1e-3, ema=0.9),
    "refinement": Plan("refinement", steps=1, batch=4, lr=1e-3, ema=0.9),
    "patterns": Plan("patterns", steps=1, batch=4, lr=1e-3, ema=0.9),
}


@pytest.mark.e2e
def test_the_recipe_writes_a_model_that_loads(tmp_path):
    device = torch.device("cpu")
    train.train(tmp_path / "work", tmp_path / "model", device, FEW, scenes=8)
    model = from_pretrained(str(tmp_path / "model"), device="cpu", precision="fp32")
    assert model.side == 64
    assert (tmp_path / "model/classifier/model.safetensors").exists()
    kept: Any = AutoencoderKL.from_pretrained(MODEL / "vae")
    assert model.vae.config.scaling_factor == kept.config.scaling_factor != 0.18215
    before, after = kept.state_dict(), model.vae.state_dict()
    same = {name.split(".")[0] for name in before if torch.equal(before[name], after[name])}
    assert {"encoder", "quant_conv"} <= same
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert "decoder" in changed
    assert not {"encoder", "quant_conv"} & changed


@pytest.mark.e2e
def test_the_command_has_help(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["train", "--help"])
    with pytest.raises(SystemExit):
        train.main()
    assert "--diffusion-steps" in capsys.readouterr().out


def test_a_resumed_training_ends_where_an_undisturbed_one_does(tmp_path, monkeypatch):
    monkeypatch.setattr("data.scenes.fit.CHECKPOINT_EVERY", 2)
    plan = Plan("line", steps=6, batch=4, lr=1e-2, ema=0.5)

    def loss_of(module, generator):
        x = torch.randn(plan.batch, 3, generator=generator)
        return (module(x) - x.sum(1, keepdim=True)).square().mean()

    class KilledError(Exception):
        pass

    def killed_at_5(module, generator):
        if generator.initial_seed() == 5:
            raise KilledError
        return loss_of(module, generator)

    def fresh():
        torch.manual_seed(0)
        return torch.nn.Linear(3, 1)

    cpu = torch.device("cpu")
    for folder in ("whole", "killed"):
        (tmp_path / folder).mkdir()
    whole = fit(plan, fresh(), loss_of, tmp_path / "whole", cpu)
    with pytest.raises(KilledError):
        fit(plan, fresh(), killed_at_5, tmp_path / "killed", cpu)
    resumed = fit(plan, fresh(), loss_of, tmp_path / "killed", cpu)
    torch.testing.assert_close(resumed.weight, whole.weight, rtol=0, atol=0)
