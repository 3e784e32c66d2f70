"""Every choice composes, and every configured method runs: a new one is tested by existing."""

from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf
from PIL import Image

from data.task import Task
from experiments.jobs.schema import register
from experiments.run.oracles import Oracle
from experiments.score.metric_set import MetricSet
from pti.method import Reconstruct
from tests.tiny import edit_batch, tiny_model

CONFIGS = Path(__file__).parents[2] / "configs"
CHOICES = sorted(
    f"{path.parent.name}={path.stem}"
    for group in ("method", "data", "metrics", "model", "experiment")
    for path in (CONFIGS / group).glob("*.yaml")
)
ROOTED = (
    "data=coco",
    "data=imagenet_flexit",
    "data=pie_bench",
    "data=pie_bench_pp",
    "experiment=pie_bench",
)
METHODS = [choice.removeprefix("method=") for choice in CHOICES if choice.startswith("method=")]


def composed(*overrides):
    register()
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        return compose("run", list(overrides))


def places_of(method):
    """The override without which a method has no place to look in."""
    return ["method.path=somewhere"] if method == "imported" else []


@pytest.mark.e2e
@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_composes(choice):
    places = ["data.root=somewhere"] if choice in ROOTED else []
    places += ["data.path=somewhere"] if choice == "data=folder" else []
    config = composed(choice, *places)
    if choice.startswith("metrics="):
        named = choice.removeprefix("metrics=").replace("fitting", "reconstruction")
        assert MetricSet.of(config.metrics).name == named
    assert (CONFIGS / f"metrics/{config.data.metrics}.yaml").is_file()
    assert OmegaConf.to_container(config.model, resolve=True)
    assert OmegaConf.to_container(config.data, resolve=True)
    assert config.precision in ("fp32", "bf16")


@pytest.mark.e2e
@pytest.mark.parametrize("name", METHODS)
def test_every_method_runs(name):
    config = composed(f"method={name}", *places_of(name)).method
    if OmegaConf.select(config, "invert.trace.steps"):
        OmegaConf.update(config, "invert.trace.steps", 4)
    if "noises" in config.get("edit", {}).get("mask", {}):
        OmegaConf.update(config, "edit.mask.noises", 1)
    method = instantiate(config)
    if isinstance(method, Oracle):
        picture = Image.new("RGB", (8, 8), "red")
        same = lambda: picture  # noqa: E731
        task = Task("key", "a", same, retrieved=same, imported=same)
        assert method(task) is picture
        return
    model, batch = tiny_model(), edit_batch(2)
    inversion = method.inverted(model, batch)
    edit = method.edit(model, method.invert.schedule(model), inversion, batch)
    images = model.decode(edit.z)

    assert images.shape == batch.images.shape
    assert images.isfinite().all()
    steps = len(method.invert.schedule(model))
    assert inversion.path.shape[1] == inversion.retraced.shape[1] == steps + 1
    assert inversion.cond.shape[1] == inversion.null.shape[1] == steps


@pytest.mark.e2e
@pytest.mark.parametrize("name", METHODS)
def test_every_field_of_a_method_stands_in_its_config(name):
    """So that a user sees, and may override, all that there is."""
    config = composed(f"method={name}", *places_of(name)).method
    method = instantiate(config)
    if isinstance(method, Oracle):
        return
    halves = [("invert", method.invert)]
    halves += [] if isinstance(method.edit, Reconstruct) else [("edit", method.edit)]
    for path, part in [inner for half in halves for inner in parts_of(*half)]:
        written = set(OmegaConf.select(config, path)) - {"_target_"}
        assert {field.name for field in fields(part)} == written, path


def parts_of(path, part):
    """A dataclass and all that are its fields, each with its place."""
    yield path, part
    for field in fields(part):
        if is_dataclass(inner := getattr(part, field.name)):
            yield from parts_of(f"{path}.{field.name}", inner)
