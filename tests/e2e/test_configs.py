"""Every configured method runs: a new one is tested by existing."""

from dataclasses import fields
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from experiments.schema import register
from tests.tiny import tiny_batch, tiny_model

CONFIGS = Path(__file__).parents[2] / "configs"
NAMES = sorted(path.stem for path in (CONFIGS / "method").glob("*.yaml"))


@pytest.mark.e2e
@pytest.mark.parametrize("name", NAMES)
def test_every_method_reconstructs(name):
    register()
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        config = compose("run", [f"method={name}"]).method
    if "trace" in config.invert:
        OmegaConf.update(config, "invert.trace.steps", 3)
    method = instantiate(config)
    model, batch = tiny_model(), tiny_batch(2)
    inversion = method.invert(model, batch)
    images = model.decode(method.edit(model, inversion, batch.targets))

    assert method.name == name
    assert images.shape == batch.images.shape
    assert images.isfinite().all()
    assert inversion.path.shape[1] == inversion.cond.shape[1] + 1


@pytest.mark.e2e
@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_a_method_stands_in_its_file(name):
    """So that a user sees, and may override, all that there is."""
    config = OmegaConf.load(CONFIGS / "method" / f"{name}.yaml")
    method = instantiate(config)
    assert {field.name for field in fields(method.invert)} == set(config.invert) - {"_target_"}
