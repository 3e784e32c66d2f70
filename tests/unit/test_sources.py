"""A cell's code is the files that its pictures follow from, and no others."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from experiments.store.sources import PIXELS, code_of, code_of_part, module_of
from pti.errors import InputError

REPOSITORY = Path(__file__).parents[2]
DDIM = OmegaConf.create(
    {"_target_": "pti.method.Method", "invert": {"_target_": "baselines.ddim.Ddim"}}
)


def test_it_has_what_the_classes_import_and_what_makes_pixels():
    code = code_of(DDIM)
    wanted = {"baselines.ddim", "pti.method", "pti.diffusion.ddim", "pti.diffusion.model", "pti"}
    assert wanted | {"data.images", *PIXELS} <= code.keys()
    content = (REPOSITORY / "baselines/ddim.py").read_bytes()
    assert code["baselines.ddim"] == sha256(content).hexdigest()


def test_it_has_nothing_that_the_pictures_do_not_follow_from():
    code = code_of(DDIM)
    others = {"data.doctor", "baselines.null_text", "eval.psnr", "experiments.status", "torch"}
    assert not others & code.keys()
    assert not [module for module in code if module.startswith("data.scenes")]


def test_a_method_from_elsewhere_is_followed_into_its_own_modules(tmp_path, monkeypatch):
    (tmp_path / "lab").mkdir()
    for name, content in {
        "lab/__init__.py": "",
        "lab/method.py": "import torch\nfrom . import helper\nfrom .more import thing\n"
        "called = importlib.import_module('lab.called')",
        "lab/called.py": "",
        "lab/helper.py": "from pti.diffusion.ddim import Schedule",
        "lab/more.py": "",
        "lab/unused.py": "",
    }.items():
        (tmp_path / name).write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    code = code_of(OmegaConf.create({"parts": [{"_target_": "lab.method.Mine"}]}))
    assert {name for name in code if name.startswith("lab")} == {
        "lab",
        "lab.method",
        "lab.helper",
        "lab.more",
        "lab.called",
    }
    assert "pti.diffusion.ddim" in code


def test_every_module_of_the_run_is_known_to_make_pixels_or_not_to():
    """A new module that the computation imports must be sorted into one of the two."""
    program = "import sys, experiments.run.runner; print(*sys.modules)"
    run = [sys.executable, "-c", program]
    loaded = subprocess.run(run, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    ours = {name for name in loaded.stdout.split() if name.startswith("experiments.")}
    rooms = {"experiments.jobs", "experiments.run", "experiments.store"}
    store = ("alone", "atomic", "fields", "formats", "locks", "measures", "provenance", "sources")
    neutral = {"experiments.jobs.schema", *(f"experiments.store.{name}" for name in store)}
    assert ours <= {*PIXELS, *rooms, *neutral}


def test_a_name_that_can_t_be_imported_is_said():
    assert module_of("pti.diffusion.trace.Trace") == "pti.diffusion.trace"
    with pytest.raises(InputError, match=r"_target_=no_such\.Method can't be imported"):
        module_of("no_such.Method")
    with pytest.raises(InputError, match="no source file"):
        code_of_part("no_such")
